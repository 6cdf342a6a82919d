// Package cdn stands in for the CloudFront distributions of the account, as far as they decide what becomes of the live
// editor's requests: behaviours in order, the viewer protocol policy, allowed methods, what the origin request policy
// passes on, custom error responses, and the caching of errors. Nothing but errors is cached; functions at the edge, signed
// URLs, WAF and compression are left out.
//
// An origin whose name leads to the stack's load balancer is reached there, over TLS and with its certificate checked. Any
// other origin is somebody else's, such as the site's bucket: it has a small page in its place.
//
// The rules are those of the Amazon CloudFront Developer Guide.
package cdn
