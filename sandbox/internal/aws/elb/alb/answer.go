package alb

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// server is the Server header of the load balancer's own answers.
const server = "awselb/2.0"

// answer writes one of the load balancer's own error pages.
func answer(w http.ResponseWriter, status int) {
	text := fmt.Sprintf("%d %s", status, statusText(status))
	header := w.Header()
	header.Set("Server", server)
	header.Set("Content-Type", "text/html")
	w.WriteHeader(status)
	//nolint:gosec // a status and its name, nothing of the client's
	_, _ = fmt.Fprintf(w, "<html>\r\n<head><title>%[1]s</title></head>\r\n<body>\r\n<center><h1>%[1]s</h1></center>\r\n"+
		"</body>\r\n</html>\r\n", text) // the client may be gone
}

// statusText adds the load balancer's name of 503 and its own codes to HTTP's.
func statusText(status int) string {
	switch status {
	case http.StatusServiceUnavailable:
		return "Service Temporarily Unavailable"
	case http.StatusGatewayTimeout:
		return "Gateway Time-out"
	case statusTooManyForwards:
		return ""
	case statusIssuerFailed:
		return "Authentication Error"
	}
	return http.StatusText(status)
}

// statusTooManyForwards answers an X-Forwarded-For header with more than 30 addresses.
const statusTooManyForwards = 463

// fixed answers a fixed-response action.
func (a *action) fixed(w http.ResponseWriter) error {
	status, err := strconv.Atoi(a.Fixed.Status)
	if err != nil {
		return fmt.Errorf("fixed response: status code %q", a.Fixed.Status)
	}
	header := w.Header()
	header.Set("Server", server)
	header.Set("Content-Length", strconv.Itoa(len(a.Fixed.Body)))
	if a.Fixed.ContentType != "" {
		header.Set("Content-Type", a.Fixed.ContentType+"; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(a.Fixed.Body)) //nolint:gosec // the listener's own text; the client may be gone
	return nil
}

// location fills the placeholders of a redirect action: #{protocol}, #{host}, #{port}, #{path} (without its leading slash)
// and #{query}.
func (r *redirect) location(x *exchange) string {
	query := x.request.URL.RawQuery
	fill := strings.NewReplacer(
		"#{protocol}", strings.ToLower(x.listener.Protocol), "#{host}", hostname(x.client), "#{port}", strconv.Itoa(x.listener.Port),
		"#{path}", strings.TrimPrefix(x.request.URL.EscapedPath(), "/"), "#{query}", query,
	).Replace
	or := func(value, fallback string) string {
		if value == "" {
			value = fallback
		}
		return fill(value)
	}
	target := strings.ToLower(or(r.Protocol, "#{protocol}")) + "://" + or(r.Host, "#{host}") +
		":" + x.balancer.reachable(x, or(r.Port, "#{port}")) + or(r.Path, "/#{path}")
	if query := or(r.Query, "#{query}"); query != "" {
		target += "?" + query
	}
	return target
}

// redirect answers a redirect action.
func (a *action) redirect(w http.ResponseWriter, x *exchange) error {
	status := http.StatusFound
	switch a.Redirect.Status {
	case "HTTP_301":
		status = http.StatusMovedPermanently
	case "HTTP_302":
	default:
		return fmt.Errorf("redirect: status code %q", a.Redirect.Status)
	}
	w.Header().Set("Location", a.Redirect.location(x))
	answer(w, status)
	return nil
}
