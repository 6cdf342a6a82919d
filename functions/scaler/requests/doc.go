// Package requests sorts (who_wakes.go) and answers what reaches the waker through the load balancer, and the schedule's ticks.
//
// Who may wake the service, and what everybody is told:
//
//	request                                          wakes   answer
//	navigation (somebody opened a page)              yes     200, the waiting page, which reloads when the service is up
//	navigation by a script of our own pages          no      200, the waiting page with a button that wakes
//	a form that somebody sent                        yes     held up to 20 s, then 307 to itself; later the waiting page
//	/api/*, and whatever is not GET, HEAD, OPTIONS   yes     held up to 20 s, then 307 to itself; later 503, Retry-After 10
//	Accept: application/vnd.webordinary.wake+json    no      200, the status as JSON
//	the same with X-Webordinary-Wake: now            yes     200, the status as JSON
//	other files under /preview                       no      409; 307 to itself if the service is merely draining
//	EventSource, beacons, reports, service workers   no      204, without looking at anything
//	HEAD, OPTIONS, prefetch, favicons, Vite's pings  no      200 or 204, without looking at anything
//	speculative navigations (Sec-Purpose)            no      403, without looking at anything
//	crawlers, scanners, X-Webordinary-Wake: never    no      403, without looking at anything
//
// What robots are guessed by (no name, a suspect word, a path that scanners try) counts only without any evidence of a
// person (D28). testdata/shapes.json has what clients really send, and what becomes of it.
//
// CloudFront keeps 404, 414 and every 5xx of a GET for ten seconds, whatever Cache-Control says, and shows it to the next
// visitor of the same path (CloudFront developer guide: "How CloudFront processes HTTP 4xx and 5xx status codes"). So
// nothing that a page can be opened under is ever answered with one of those: a forgotten tab's pings would otherwise keep
// an error page at the edge. API calls may get a 503, after which nobody should come back within ten seconds anyway.
package requests
