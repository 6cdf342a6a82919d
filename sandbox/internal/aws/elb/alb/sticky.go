package alb

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

// Cookies of duration-based stickiness ("Sticky sessions" in the guide): the second one is for requests across sites.
const (
	stickyCookie     = "AWSALB"
	stickyCORSCookie = "AWSALBCORS"
)

// stuckTo gives the target that the client's cookie names, if it may still get requests.
func (x *exchange) stuckTo(g *group, candidates []*elb.Target) *elb.Target {
	if !g.Stickiness.Enabled || g.Stickiness.Type != "lb_cookie" {
		return nil
	}
	for _, name := range []string{stickyCookie, stickyCORSCookie} {
		for _, cookie := range x.request.CookiesNamed(name) {
			key, ok := x.balancer.open(cookie.Value, x.record.At)
			if !ok {
				continue
			}
			for _, target := range candidates {
				if targetKey(target) == key {
					return target
				}
			}
		}
	}
	return nil
}

// stick has the client come back to the target, for the cookie's duration from now on.
func (x *exchange) stick(g *group, target *elb.Target, header http.Header) {
	if !g.Stickiness.Enabled || g.Stickiness.Type != "lb_cookie" {
		return
	}
	lifetime := time.Duration(g.Stickiness.Duration) * time.Second
	value := x.balancer.close(targetKey(target), x.record.At.Add(lifetime))
	expires := x.balancer.expiry(lifetime)
	header.Add("Set-Cookie", fmt.Sprintf("%s=%s; Expires=%s; Path=/", stickyCookie, value, expires))
	cors := fmt.Sprintf("%s=%s; Expires=%s; Path=/; SameSite=None", stickyCORSCookie, value, expires)
	if x.listener.Protocol == "HTTPS" {
		cors += "; Secure"
	}
	header.Add("Set-Cookie", cors)
}

// close seals a target's key and the end of its validity, as the load balancer encrypts its cookies.
func (b *Balancer) close(key string, until time.Time) string {
	return base64.StdEncoding.EncodeToString(b.encrypt("", []byte(strconv.FormatInt(until.Unix(), 10)+" "+key)))
}

func (b *Balancer) open(value string, now time.Time) (key string, ok bool) {
	sealed, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "", false
	}
	plain, ok := b.decrypt("", sealed)
	if !ok {
		return "", false
	}
	until, key, _ := strings.Cut(string(plain), " ")
	seconds, err := strconv.ParseInt(until, 10, 64)
	return key, err == nil && now.Before(time.Unix(seconds, 0))
}
