package distribution_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/behaviors/distribution"
)

// service is CloudFront on the wire: REST-XML with ETag and If-Match.
type service struct {
	mu       sync.Mutex
	xml      string
	version  int
	requests []*http.Request
	// trouble answers a request in the service's place, by the count of requests so far.
	trouble func(w http.ResponseWriter, n int) bool
}

func fault(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">`+
		`<Error><Type>Sender</Type><Code>%s</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	body, _ := io.ReadAll(r.Body)
	etag := fmt.Sprintf("E%d", s.version)
	switch {
	case s.trouble != nil && s.trouble(w, len(s.requests)-1):
	case r.URL.Path != "/2020-05-31/distribution/"+id+"/config":
		fault(w, http.StatusNotFound, "NoSuchDistribution")
	case r.Method == http.MethodGet:
		w.Header().Set("ETag", etag)
		_, _ = io.WriteString(w, s.xml)
	case r.Method != http.MethodPut || r.Header.Get("Content-Type") != "application/xml" || len(body) == 0:
		fault(w, http.StatusBadRequest, "MissingBody")
	case r.Header.Get("If-Match") != etag:
		fault(w, http.StatusPreconditionFailed, "PreconditionFailed")
	default:
		s.xml, s.version = string(body), s.version+1
		w.Header().Set("ETag", fmt.Sprintf("E%d", s.version))
		_, _ = fmt.Fprintf(w, `<Distribution><Id>%s</Id><DistributionConfig/></Distribution>`, id)
	}
}

// client is the real SDK against the service, with retries that take no time.
func client(t *testing.T, s http.Handler) *distribution.CloudFront {
	t.Helper()
	return clientOver(t, s, nil)
}

// clientOver is client with an HTTP client of its own; nil is the SDK's.
func clientOver(t *testing.T, s http.Handler, over aws.HTTPClient) *distribution.CloudFront {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return distribution.NewCloudFront(aws.Config{
		BaseEndpoint: &server.URL, HTTPClient: over,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				o.RateLimiter = noLimit{}
			})
		},
	})
}

type noLimit struct{}

func (noLimit) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noLimit) AddTokens(uint) error { return nil }

// Settings that the SDK does not know survive, because the payload passes it by.
func TestPayloadsPassTheSDKUntouched(t *testing.T) {
	t.Parallel()
	text := site(t)
	require.Contains(t, text, "<FutureSetting mode=")
	s := &service{xml: text}
	c := client(t, s)
	read, err := c.Read(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, distribution.Snapshot{ETag: "E0", XML: []byte(text)}, read)
	require.NoError(t, c.Write(t.Context(), id, read))
	require.Equal(t, text, s.xml)
	require.Equal(t, 1, s.version)
	for _, r := range s.requests {
		require.Contains(t, r.Header.Get("Authorization"), "/us-east-1/cloudfront/aws4_request", "CloudFront is signed for us-east-1")
	}
	require.Contains(t, s.requests[1].Header.Get("Authorization"), "if-match")
}

func TestApplyOverTheWire(t *testing.T) {
	t.Parallel()
	s := &service{xml: site(t)}
	a := applier(client(t, s), &clock{})
	_, err := a.Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(s.xml, "<TargetOriginId>alb-origin-prod<"))
	_, err = a.Apply(t.Context(), id, removing(input("prod")))
	require.NoError(t, err)
	require.Equal(t, site(t), s.xml)
}

func TestErrorsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	s := &service{xml: site(t)}
	c := client(t, s)
	_, err := c.Read(t.Context(), "EDFDVBD6EXAMPLE")
	require.ErrorIs(t, err, distribution.ErrGone)
	require.ErrorIs(t, c.Write(t.Context(), id, distribution.Snapshot{ETag: "stale", XML: []byte("<x/>")}), distribution.ErrConflict)
	s.trouble = func(w http.ResponseWriter, _ int) bool { fault(w, http.StatusForbidden, "AccessDenied"); return true }
	_, err = c.Read(t.Context(), id)
	require.ErrorIs(t, err, distribution.ErrDenied)
	require.ErrorContains(t, err, "AccessDenied")
	require.NotErrorIs(t, err, distribution.ErrGone)
	require.NotErrorIs(t, err, distribution.ErrConflict)
	s.trouble = func(w http.ResponseWriter, _ int) bool {
		fault(w, http.StatusBadRequest, "InvalidIfMatchVersion")
		return true
	}
	require.ErrorIs(t, c.Write(t.Context(), id, distribution.Snapshot{ETag: "E0"}), distribution.ErrConflict)
}

// The answer may come while the goroutine that has sent the request is still about to look whether its body has ended; that
// happens under load. The SDK closes the body then, and the answer must be read to its end all the same: otherwise a write
// that was made looks failed and is sent again (github.com/aws/aws-sdk-go-v2/issues/2737).
// Refusals of settings that are not ours are told apart from a missing permission, and say what to look at.
func TestRefusalsOfTheOwnersSettingsAreExplained(t *testing.T) {
	t.Parallel()
	for code, cure := range map[string]string{
		"InvalidWebACLId": "may not read it", "InvalidLambdaFunctionAssociation": "may not replicate it",
		"NoSuchResponseHeadersPolicy": "response headers policy is gone", "InvalidViewerCertificate": "certificate",
	} {
		s := &service{xml: site(t)}
		s.trouble = func(w http.ResponseWriter, _ int) bool { fault(w, http.StatusBadRequest, code); return true }
		err := client(t, s).Write(t.Context(), id, distribution.Snapshot{ETag: "E0", XML: []byte("<x/>")})
		require.ErrorIs(t, err, distribution.ErrSetting, code)
		require.NotErrorIs(t, err, distribution.ErrDenied, code)
		require.ErrorContains(t, err, cure)
		require.ErrorContains(t, err, code)
	}
	s := &service{xml: site(t)}
	s.trouble = func(w http.ResponseWriter, _ int) bool {
		fault(w, http.StatusBadRequest, "TooManyCacheBehaviors")
		return true
	}
	require.NotErrorIs(t, client(t, s).Write(t.Context(), id, distribution.Snapshot{ETag: "E0"}), distribution.ErrSetting)
}

func TestRefusalsNameTheRightsThatSettingsAskFor(t *testing.T) {
	t.Parallel()
	const bucket = "arn:aws:s3:::ameliastamps-logs"
	text := strings.Replace(site(t), "<Logging><Enabled>false</Enabled><IncludeCookies>false</IncludeCookies><Bucket/>",
		"<Logging><Enabled>true</Enabled><IncludeCookies>false</IncludeCookies><Bucket>ameliastamps-logs.s3.amazonaws.com</Bucket>", 1)
	require.NotEqual(t, site(t), text)
	for _, refused := range []error{distribution.ErrDenied, distribution.ErrSetting} {
		m := &memory{xml: text}
		_, err := applier(refusing{m, refused}, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
		require.ErrorIs(t, err, refused)
		require.ErrorContains(t, err, "s3:GetBucketAcl and s3:PutBucketAcl on "+bucket+" (Logging)")
		require.ErrorContains(t, err, "distributionRights: ["+bucket+"]")
	}
	_, err := applier(refusing{&memory{xml: site(t)}, distribution.ErrDenied}, &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
	require.NotContains(t, err.Error(), "distributionRights", "its settings ask for nothing")
}

type refusing struct {
	*memory
	err error
}

func (r refusing) Write(context.Context, string, distribution.Snapshot) error { return r.err }

func TestAnAnswerThatOvertakesTheRequestIsRead(t *testing.T) {
	t.Parallel()
	// A body that fits into the transport's 4 KB is not sent before its end is known.
	s := &service{xml: site(t) + "<!--" + strings.Repeat(" ", 8<<10) + "-->"}
	s.trouble = func(w http.ResponseWriter, n int) bool {
		if n != 1 {
			return false
		}
		w.Header().Set("ETag", "E1")
		_, _ = io.WriteString(w, "<Distribution>")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(4 * lateWriter) // the rest is on its way when the sender goes on
		_, _ = io.WriteString(w, "</Distribution>")
		return true
	}
	c := clientOver(t, s, slowSender())
	read, err := c.Read(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, c.Write(t.Context(), id, read))
	require.Len(t, s.requests, 2, "one read, one write")
}

// lateWriter is how late the sending goroutine goes on after its last bytes are on the wire.
const lateWriter = 50 * time.Millisecond

// slowSender is an HTTP client whose goroutine is held up after each write to a connection.
func slowSender() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := new(net.Dialer).DialContext(ctx, network, address)
		return slowConn{connection}, err
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}

type slowConn struct{ net.Conn }

func (c slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	time.Sleep(lateWriter)
	return n, err
}

func TestThrottlingAndServerFaultsAreRepeated(t *testing.T) {
	t.Parallel()
	s := &service{xml: site(t)}
	s.trouble = func(w http.ResponseWriter, n int) bool {
		switch n % 3 {
		case 0:
			fault(w, http.StatusBadRequest, "Throttling")
			return true
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		default:
			return false
		}
	}
	_, err := applier(client(t, s), &clock{}).Apply(t.Context(), id, ensuring(input("prod")))
	require.NoError(t, err)
	require.Len(t, s.requests, 6)
	require.Equal(t, 1, s.version)
}

func TestAnAnswerWithoutAConfigurationIsAFault(t *testing.T) {
	t.Parallel()
	s := &service{trouble: func(w http.ResponseWriter, _ int) bool { w.Header().Set("ETag", "E1"); w.WriteHeader(200); return true }}
	_, err := client(t, s).Read(t.Context(), id)
	require.ErrorContains(t, err, `ETag ("E1") or a configuration (0 bytes)`)
	s.trouble = func(w http.ResponseWriter, _ int) bool {
		_, _ = io.WriteString(w, "<DistributionConfig/>")
		return true
	}
	_, err = client(t, s).Read(t.Context(), id)
	require.ErrorContains(t, err, `ETag ("")`)
	s.trouble = func(w http.ResponseWriter, _ int) bool {
		_, _ = io.WriteString(w, strings.Repeat("x", 8<<20+1))
		return true
	}
	_, err = client(t, s).Read(t.Context(), id)
	require.ErrorContains(t, err, "more than 8388608 bytes")
}
