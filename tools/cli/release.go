package cli

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Release is where a tool's official binary is published: seconds of downloading in the place of minutes of compiling.
type Release struct {
	// Version is the release's, such as "v3.274.1".
	Version string
	// Archive is the URL of the .tar.gz archive, with {platform} for such as "linux-x64".
	Archive string
	// Sums is the URL of the published checksum file: lines of a SHA-256 in hexadecimal and a file's name.
	Sums string
	// SHA256 are the checksums that are pinned here, by platform; where there is one, the published file is not asked.
	SHA256 map[string]string
	// Member is the binary's path in the archive.
	Member string
}

// FromSource is the environment variable that makes every tool be built from its module, whatever it is set to.
const FromSource = "TOOLS_FROM_SOURCE"

// patience bounds the waits for a server, so that one that does not answer costs less than what it saves.
type patience struct {
	connect time.Duration // until there is a connection, look-up of the name included
	answer  time.Duration // from then until the answer begins, TLS included
	stall   time.Duration // between two pieces of the answer
	all     time.Duration // everything; building takes about as long
}

var usualPatience = patience{connect: 1500 * time.Millisecond, answer: 5 * time.Second, stall: 5 * time.Second, all: 3 * time.Minute}

// errUnreachable means that the server gave no usable answer, and that building is the way out.
var errUnreachable = errors.New("cannot be reached")

// ChecksumError means that what was downloaded is not what was published. It is not used, and nothing else is taken in its
// place without being asked: somebody may be in between.
type ChecksumError struct{ URL, Want, Got string }

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%s has the SHA-256 %s, and should have %s; it was thrown away. Try again, or set %s=1 to build from the Go module",
		e.URL, e.Got, e.Want, FromSource)
}

// platform is this machine's name in Pulumi's releases, empty when there is none.
func platform(goos, goarch string) string {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[goarch]
	if arch == "" || goos != "linux" && goos != "darwin" {
		return ""
	}
	return goos + "-" + arch
}

// download gets a tool's release, if it has one for this machine. When there is none or no server answers, it returns no path and no
// error: the tool has to be built.
func (b Builder) download(ctx context.Context, tool Tool) (string, error) {
	on := platform(runtime.GOOS, runtime.GOARCH)
	if tool.Release == nil || on == "" || os.Getenv(FromSource) != "" {
		return "", nil
	}
	b.removeLeftovers(downloadPrefix(tool))
	start := time.Now()
	target := filepath.Join(b.binDir(), tool.releaseName())
	sum, err := b.fetch(ctx, tool, on, target)
	switch {
	case err == nil:
		b.logf("Downloaded %s %s in %s; its SHA-256 is as published, %s.", tool.Name, tool.Release.Version,
			time.Since(start).Round(time.Second), sum)
		return target, nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("the download of %s was interrupted: %w", tool.Name, ctx.Err())
	case errors.Is(err, errUnreachable):
		b.logf("No release of %s %s to download: %v.", tool.Name, tool.Release.Version, err)
		return "", nil
	default:
		return "", fmt.Errorf("cannot install %s %s: %w", tool.Name, tool.Release.Version, err)
	}
}

// fetch downloads, verifies and unpacks, in this order, and then puts the binary in its place. It returns the archive's checksum.
func (b Builder) fetch(ctx context.Context, tool Tool, on, target string) (string, error) {
	wait := b.patience
	if wait == (patience{}) {
		wait = usualPatience
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait.all, fmt.Errorf("%w within %s", errUnreachable, wait.all))
	defer cancel()
	from := client{http: newHTTPClient(wait), patience: wait}
	url := strings.ReplaceAll(tool.Release.Archive, "{platform}", on)
	want, err := from.checksum(ctx, *tool.Release, on, path.Base(url))
	if err != nil {
		return "", err
	}
	b.logf("Downloading %s %s from %s.", tool.Name, tool.Release.Version, url)
	defer b.reportProgress("downloading", tool, time.Now())()
	archive, err := os.CreateTemp(b.binDir(), downloadPrefix(tool)+"*")
	if err != nil {
		return "", fmt.Errorf("keep the archive: %w", err)
	}
	defer func() { _, _ = archive.Close(), os.Remove(archive.Name()) }()
	got, err := from.save(ctx, url, archive)
	if err != nil {
		return "", err
	}
	if got != want {
		return "", &ChecksumError{URL: url, Want: want, Got: got}
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the archive: %w", err)
	}
	return got, b.unpack(archive, tool, target)
}

// unpack writes the tool's member of an archive that has been verified.
func (b Builder) unpack(archive io.Reader, tool Tool, target string) error {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return fmt.Errorf("unpack the archive: %w", err)
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack the archive: %w %s", errNoMember, tool.Release.Member)
		}
		if err != nil {
			return fmt.Errorf("unpack the archive: %w", err)
		}
		if path.Clean(header.Name) == tool.Release.Member && header.Typeflag == tar.TypeReg {
			return b.putInPlace(files, tool, target)
		}
	}
}

var errNoMember = errors.New("it holds no file")

// putInPlace writes a binary that is whole or not there.
func (b Builder) putInPlace(content io.Reader, tool Tool, target string) error {
	temp, err := os.CreateTemp(b.binDir(), downloadPrefix(tool)+"*")
	if err != nil {
		return fmt.Errorf("write the binary: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after the rename
	_, err = io.Copy(temp, content)
	if err = errors.Join(err, temp.Chmod(0o755), temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("write the binary: %w", err)
	}
	if err := os.Rename(temp.Name(), target); err != nil {
		return fmt.Errorf("write the binary: %w", err)
	}
	return nil
}

func downloadPrefix(tool Tool) string { return ".downloading-" + tool.releaseName() + "-" }

// client downloads with a patience.
type client struct {
	http *http.Client
	patience
}

var errUnencrypted = errors.New("it sends on to an unencrypted address")

func newHTTPClient(wait patience) *http.Client {
	follow := func(to *http.Request, before []*http.Request) error {
		if before[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
			return fmt.Errorf("%w, %s", errUnencrypted, to.URL)
		}
		if len(before) >= 10 { // as the standard library has it
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &http.Client{CheckRedirect: follow, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: wait.connect}).DialContext,
		TLSHandshakeTimeout:   wait.answer,
		ResponseHeaderTimeout: wait.answer,
		DisableKeepAlives:     true,
		// The archive is compressed already, and its checksum is of what is sent.
		DisableCompression: true,
	}}
}

// checksum is what the archive's SHA-256 has to be: the pinned one or the published one.
func (c client) checksum(ctx context.Context, release Release, on, file string) (string, error) {
	if pinned := release.SHA256[on]; pinned != "" {
		return pinned, nil
	}
	var text strings.Builder
	if err := c.get(ctx, release.Sums, &text); err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(strings.NewReader(text.String())); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 2 || strings.TrimPrefix(fields[1], "*") != file {
			continue
		}
		if sum, err := hex.DecodeString(fields[0]); err == nil && len(sum) == sha256.Size {
			return strings.ToLower(fields[0]), nil
		}
	}
	return "", fmt.Errorf("%s has no SHA-256 of %s: the release server %w as expected", release.Sums, file, errUnreachable)
}

// save writes what is at a URL to a file and returns its SHA-256.
func (c client) save(ctx context.Context, url string, to io.Writer) (string, error) {
	sum := sha256.New()
	err := c.get(ctx, url, io.MultiWriter(to, sum))
	return hex.EncodeToString(sum.Sum(nil)), err
}

// get writes what is at a URL. Whatever the server or the network did wrong is errUnreachable; a file that cannot be written is not.
func (c client) get(ctx context.Context, url string, to io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", url, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s answers %s", errUnreachable, url, response.Status)
	}
	stalled := time.AfterFunc(c.stall, func() { cancel(fmt.Errorf("%w: %s sent nothing for %s", errUnreachable, url, c.stall)) })
	defer stalled.Stop()
	for buffer := make([]byte, 1<<16); ; stalled.Reset(c.stall) {
		n, err := response.Body.Read(buffer)
		if _, failed := to.Write(buffer[:n]); failed != nil {
			return fmt.Errorf("write what %s sends: %w", url, failed)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreachable(ctx, err)
		}
	}
}

// unreachable says what went wrong in the words of whoever gave up.
func unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errUnreachable) {
		return cause
	}
	return fmt.Errorf("%w: %w", errUnreachable, err)
}
