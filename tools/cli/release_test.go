package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// published is a release server with one archive.
type published struct {
	*httptest.Server

	archive []byte
	asked   atomic.Int32 // for the archive
	// What is sent in the place of the usual answers.
	sums, body func(w http.ResponseWriter, r *http.Request)
}

// publish serves an archive with a greeter that was never compiled here.
func publish(t *testing.T) *published {
	t.Helper()
	p := &published{archive: archiveOf(t, "greeter/README", "greeter/greeter")}
	p.sums = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, p.sumsFile(p.archive)) }
	p.body = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(p.archive) }
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "-checksums.txt"):
			p.sums(w, r)
		case strings.HasSuffix(r.URL.Path, p.file()):
			p.asked.Add(1)
			p.body(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(p.Close)
	t.Cleanup(p.CloseClientConnections) // before the other: it waits for them
	return p
}

func (p *published) file() string {
	return "greeter-v1.3.0-" + platform(runtime.GOOS, runtime.GOARCH) + ".tar.gz"
}

// sumsFile is the published file: the archive is one line of several.
func (p *published) sumsFile(archive []byte) string {
	other := strings.Repeat("0", 64)
	return fmt.Sprintf("%s  greeter-v1.3.0-windows-x64.zip\n%s  %s\n%s  greeter-v1.3.0-plan9-x64.tar.gz\n", other, sumOf(archive), p.file(), other)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// tool is the greeter with this release.
func (p *published) tool() Tool {
	tool := greeter
	tool.Release = &Release{
		Version: "v1.3.0", Archive: p.URL + "/sdk/greeter-v1.3.0-{platform}.tar.gz",
		Sums: p.URL + "/greeter-1.3.0-checksums.txt", Member: "greeter/greeter",
	}
	return tool
}

func archiveOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	files := tar.NewWriter(zipped)
	for _, name := range names {
		text := "the release's " + name
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}))
		_, err := files.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, errors.Join(files.Close(), zipped.Close()))
	return data.Bytes()
}

// quickly is a repository whose builder has little patience, so that tests of stalled servers end soon.
func quickly(t *testing.T) Builder {
	t.Helper()
	builder := newRepository(t, greeterSource)
	builder.patience = patience{connect: time.Minute, answer: 100 * time.Millisecond, stall: 100 * time.Millisecond, all: time.Minute}
	return builder
}

func TestTheReleaseIsDownloadedWhereThereIsOne(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	path, err := builder.Path(t.Context(), server.tool())
	require.NoError(t, err)
	require.Equal(t, filepath.Join(builder.binDir(), "greeter-v1.3.0"), path)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "the release's greeter/greeter", string(data))
	require.True(t, isExecutable(path))
	require.Contains(t, logOf(builder), "Downloading greeter v1.3.0 from "+server.URL)
	require.Contains(t, logOf(builder), "Downloaded greeter v1.3.0 in ")
	require.Contains(t, logOf(builder), sumOf(server.archive))
	require.NotContains(t, logOf(builder), "Building")
	require.Equal(t, []string{"greeter-v1.3.0"}, binaries(t, builder))

	again, err := builder.Path(t.Context(), server.tool())
	require.NoError(t, err)
	require.Equal(t, path, again)
	require.EqualValues(t, 1, server.asked.Load())
}

// TestWhatIsNotTheReleaseIsRefused: neither used nor left behind, and nothing is built in its place without a word.
func TestWhatIsNotTheReleaseIsRefused(t *testing.T) {
	t.Parallel()
	other := archiveOf(t, "greeter/greeter", "greeter/more")
	for name, change := range map[string]func(*published, *Tool) (want, got string){
		"another archive": func(p *published, _ *Tool) (string, string) {
			p.body = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(other) }
			return sumOf(p.archive), sumOf(other)
		},
		"another archive than is pinned": func(p *published, tool *Tool) (string, string) {
			tool.Release.SHA256 = map[string]string{platform(runtime.GOOS, runtime.GOARCH): sumOf(other)}
			return sumOf(other), sumOf(p.archive)
		},
		"a page of somebody in between": func(p *published, _ *Tool) (string, string) {
			page := []byte("<html>Please log in</html>")
			p.body = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) }
			return sumOf(p.archive), sumOf(page)
		},
		"nothing": func(p *published, _ *Tool) (string, string) {
			p.body = func(http.ResponseWriter, *http.Request) {}
			return sumOf(p.archive), sumOf(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, builder := publish(t), newRepository(t, greeterSource)
			tool := server.tool()
			want, got := change(server, &tool)
			_, err := builder.Path(t.Context(), tool)
			var sums *ChecksumError
			require.ErrorAs(t, err, &sums)
			require.ErrorContains(t, err, "has the SHA-256 "+got+", and should have "+want)
			require.ErrorContains(t, err, FromSource+"=1")
			require.Empty(t, binaries(t, builder))
			require.NotContains(t, logOf(builder), "Building")
		})
	}
}

func TestAPinnedChecksumAsksNobody(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	server.sums = func(http.ResponseWriter, *http.Request) { t.Error("the published file was asked for") }
	tool := server.tool()
	tool.Release.SHA256 = map[string]string{platform(runtime.GOOS, runtime.GOARCH): sumOf(server.archive)}
	path, err := builder.Path(t.Context(), tool)
	require.NoError(t, err)
	require.FileExists(t, path)
}

// TestWithoutAReleaseItIsBuilt: whatever the network or the server does, one line says it, and the module is built.
func TestWithoutAReleaseItIsBuilt(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	fail := func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	}
	half := func(then func(http.ResponseWriter, *http.Request)) func(*published) {
		return func(p *published) {
			p.body = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(p.archive)))
				_, _ = w.Write(p.archive[:len(p.archive)/2])
				_ = http.NewResponseController(w).Flush()
				then(w, r)
			}
		}
	}
	for name, change := range map[string]struct {
		do   func(*published)
		said string
	}{
		"refused":                 {func(p *published) { p.Close() }, "connection refused"},
		"sums: no answer":         {func(p *published) { p.sums = hang }, "timeout awaiting response headers"},
		"sums: out of order":      {func(p *published) { p.sums = fail }, "answers 503 Service Unavailable"},
		"sums: not there":         {func(p *published) { p.sums = http.NotFound }, "answers 404 Not Found"},
		"sums: somebody's page":   {func(p *published) { p.sums = page }, "has no SHA-256 of greeter-v1.3.0-"},
		"sums: of other files":    {func(p *published) { p.sums = otherSums }, "has no SHA-256 of greeter-v1.3.0-"},
		"archive: no answer":      {func(p *published) { p.body = hang }, "timeout awaiting response headers"},
		"archive: out of order":   {func(p *published) { p.body = fail }, "answers 503 Service Unavailable"},
		"archive: not there":      {func(p *published) { p.body = http.NotFound }, "answers 404 Not Found"},
		"archive: stalls halfway": {half(hang), "sent nothing for 100ms"},
		"archive: ends halfway":   {half(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, builder := publish(t), quickly(t)
			change.do(server)
			path, err := builder.Path(t.Context(), server.tool())
			require.NoError(t, err)
			require.Equal(t, filepath.Join(builder.binDir(), "greeter-v1.2.3"), path)
			require.Equal(t, []string{"greeter-v1.2.3"}, binaries(t, builder))
			require.Contains(t, logOf(builder), "Built greeter v1.2.3")
			lines := linesWith(logOf(builder), "No release of greeter v1.3.0 to download")
			require.Len(t, lines, 1, logOf(builder))
			require.Contains(t, lines[0], change.said)
		})
	}
}

func page(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "<html>Please log in</html>")
}

func otherSums(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, strings.Repeat("ab", 32)+"  greeter-v1.3.0-plan9-x64.tar.gz\nnot a sum  "+(&published{}).file()+"\n")
}

func linesWith(text, part string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return found
}

// slowly is a server whose answer is a few bytes, with a pause before each.
type slowly struct{ pauses []time.Duration }

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: &slowBody{slowly: s, ctx: r.Context()}}, nil
}

type slowBody struct {
	slowly
	ctx context.Context //nolint:containedctx // a response's body lives as long as its request
}

func (b *slowBody) Read(p []byte) (int, error) {
	if len(b.pauses) == 0 {
		return 0, io.EOF
	}
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-time.After(b.pauses[0]):
	}
	b.pauses = b.pauses[1:]
	return copy(p, "x"), nil
}

func (*slowBody) Close() error { return nil }

// TestASlowDownloadIsNoStalledOne: it may take long in all, but not between two pieces.
func TestASlowDownloadIsNoStalledOne(t *testing.T) {
	t.Parallel()
	nearly := usualPatience.stall - time.Millisecond
	for want, pauses := range map[string][]time.Duration{
		"xxxx": {nearly, nearly, nearly, nearly},
		"x":    {nearly, usualPatience.stall + time.Millisecond, 0},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				from := client{http: &http.Client{Transport: slowly{pauses}}, patience: usualPatience}
				var got strings.Builder
				err := from.get(t.Context(), "https://example.com/slow", &got)
				require.Equal(t, want, got.String())
				if want == "x" {
					require.ErrorContains(t, err, "https://example.com/slow sent nothing for 5s")
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

// TestADownloadHasAnEnd: a server that sends a byte now and then is no better than none.
func TestADownloadHasAnEnd(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), quickly(t)
	builder.patience.stall, builder.patience.all = time.Minute, 100*time.Millisecond
	server.body = func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
		}
	}
	path, err := builder.Path(t.Context(), server.tool())
	require.NoError(t, err)
	require.Equal(t, "greeter-v1.2.3", filepath.Base(path))
	require.Contains(t, logOf(builder), "cannot be reached within 100ms")
}

func TestAnInterruptedDownloadLeavesNothing(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	ctx, cancel := context.WithCancel(t.Context())
	server.body = func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(server.archive[:10])
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}
	_, err := builder.Path(ctx, server.tool())
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the download of greeter was interrupted")
	require.Empty(t, binaries(t, builder))
}

func TestAKilledDownloadIsCleanedUpByTheNextOne(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	half := filepath.Join(builder.binDir(), ".downloading-greeter-v1.3.0-4711")
	require.NoError(t, os.MkdirAll(builder.binDir(), 0o750))
	write(t, half, "half a binary", 0o700)
	path, err := builder.Path(t.Context(), server.tool())
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Base(path)}, binaries(t, builder))
}

func TestConcurrentCallersDownloadOnce(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if path, err := builder.Path(t.Context(), server.tool()); err != nil || !isExecutable(path) {
				t.Errorf("got %q, %v", path, err)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, server.asked.Load())
}

// TestAnArchiveThatCannotBeUsed: it is the published one, so building something else in its place would hide a fault of the pin.
func TestAnArchiveThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for said, archive := range map[string][]byte{
		"unpack the archive: it holds no file greeter/greeter": archiveOf(t, "greeter", "greeter/greeter.exe"),
		"unpack the archive: gzip":                             []byte("no archive at all"),
		"unpack the archive: unexpected":                       archiveOf(t, "greeter/greeter")[:30],
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			server, builder := publish(t), newRepository(t, greeterSource)
			server.archive = archive
			_, err := builder.Path(t.Context(), server.tool())
			require.ErrorContains(t, err, "cannot install greeter v1.3.0: "+said)
			require.Empty(t, binaries(t, builder))
		})
	}
}

// TestFetchLeavesTheRestToPath: the release, or the modules; nothing is compiled.
func TestFetchLeavesTheRestToPath(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	require.NoError(t, builder.Fetch(t.Context(), server.tool()))
	require.Equal(t, []string{"greeter-v1.3.0"}, binaries(t, builder))
	require.NoError(t, builder.Fetch(t.Context(), server.tool()))
	require.EqualValues(t, 1, server.asked.Load())

	server, builder = publish(t), newRepository(t, "package main\n\nimport _ \"example.com/nowhere\"\n")
	server.Close()
	require.Error(t, builder.Fetch(t.Context(), server.tool()), "the modules are looked for")
	require.Contains(t, logOf(builder), "Downloading the modules of greeter v1.2.3.")
	require.NotContains(t, logOf(builder), "Building")
	require.Empty(t, binaries(t, builder))
}

func TestFromSourceDownloadsNothing(t *testing.T) {
	t.Setenv(FromSource, "1")
	server, builder := publish(t), newRepository(t, greeterSource)
	path, err := builder.Path(t.Context(), server.tool())
	require.NoError(t, err)
	require.Equal(t, "greeter-v1.2.3", filepath.Base(path))
	require.Zero(t, server.asked.Load())
}

func TestABuiltBinaryIsNotDownloadedAgain(t *testing.T) {
	t.Parallel()
	server, builder := publish(t), newRepository(t, greeterSource)
	built, err := builder.Path(t.Context(), greeter)
	require.NoError(t, err)
	path, err := builder.Path(t.Context(), server.tool())
	require.NoError(t, err)
	require.Equal(t, built, path)
	require.Zero(t, server.asked.Load())
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestAFullDiskIsNoUnreachableServer(t *testing.T) {
	t.Parallel()
	server := publish(t)
	from := client{http: newHTTPClient(usualPatience), patience: usualPatience}
	err := from.get(t.Context(), server.URL+"/sdk/"+server.file(), fullDisk{})
	require.ErrorIs(t, err, errFull)
	require.NotErrorIs(t, err, errUnreachable)
}

// TestNoRedirectGivesUpEncryption: the checksums would come from whoever is in between.
func TestNoRedirectGivesUpEncryption(t *testing.T) {
	t.Parallel()
	plain := publish(t)
	encrypted := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(encrypted.Close)
	from := client{http: newHTTPClient(usualPatience), patience: usualPatience}
	from.http.Transport.(*http.Transport).TLSClientConfig = encrypted.Client().Transport.(*http.Transport).TLSClientConfig
	err := from.get(t.Context(), encrypted.URL+"/greeter-1.3.0-checksums.txt", io.Discard)
	require.ErrorIs(t, err, errUnreachable)
	require.ErrorIs(t, err, errUnencrypted)
	require.NoError(t, from.get(t.Context(), plain.URL+"/greeter-1.3.0-checksums.txt", io.Discard))
}

func TestPlatforms(t *testing.T) {
	t.Parallel()
	for of, want := range map[string]string{
		"linux/amd64": "linux-x64", "linux/arm64": "linux-arm64", "darwin/amd64": "darwin-x64", "darwin/arm64": "darwin-arm64",
		"linux/386": "", "linux/riscv64": "", "freebsd/amd64": "", "windows/amd64": "",
	} {
		goos, goarch, _ := strings.Cut(of, "/")
		require.Equal(t, want, platform(goos, goarch), of)
	}
}

// TestThePinnedRelease: over HTTPS, of the pinned version, archive and checksums from different servers.
func TestThePinnedRelease(t *testing.T) {
	t.Parallel()
	for _, tool := range []Tool{Pulumi, LanguageGo} {
		require.Equal(t, Pulumi.Version, tool.Release.Version)
		require.Equal(t, "pulumi/"+tool.Name, tool.Release.Member)
		archive, err := url.Parse(tool.Release.Archive)
		require.NoError(t, err)
		sums, err := url.Parse(tool.Release.Sums)
		require.NoError(t, err)
		require.Equal(t, []string{"https", "https"}, []string{archive.Scheme, sums.Scheme})
		require.NotEqual(t, archive.Host, sums.Host)
		require.Contains(t, archive.Path, "pulumi-"+Pulumi.Version+"-{platform}.tar.gz")
		require.Contains(t, sums.Path, "/"+Pulumi.Version+"/pulumi-"+strings.TrimPrefix(Pulumi.Version, "v")+"-checksums.txt")
		for on, sum := range tool.Release.SHA256 {
			require.Regexp(t, `^(linux|darwin)-(x64|arm64)$`, on)
			require.Regexp(t, `^[0-9a-f]{64}$`, sum)
		}
	}
}
