package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/webordinary/live-edit/tools/mounttest"
)

// TestFullDisk fills the file system under a session: its owner stays the owner, since a lease is moved on in place; what can't be written is
// said; and somebody new comes in as soon as there is room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	mounttest.Isolated(t, "the disk was full", onFullDisk)
}

func onFullDisk(t *testing.T, dir string) {
	mounttest.Tmpfs(t, dir, "size=2m")
	s := newService(t)
	s.workspace = dir
	task := s.start()
	pid := task.ready("")
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	refusal := make(chan answer, 1)
	go func() { refusal <- task.do(ask{path: "/api/who", user: "bob"}) }()
	time.Sleep(12 * time.Second) // longer than a lease may stand still
	_, same := task.who("")
	assert.Equal(t, pid, same)
	assert.NotContains(t, task.output(), `"msg":"lost`)
	written := task.do(ask{method: http.MethodPut, path: "/api/check/full", body: "x"})
	assert.Equal(t, http.StatusInternalServerError, written.status)
	assert.Contains(t, written.json(t)["error"], "no space left on device")
	kind, status := task.status("bob")
	assert.Equal(t, wakeType, kind)
	assert.Equal(t, "failing", status["state"])
	refused := <-refusal
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	assert.Contains(t, refused.json(t)["error"], "can't be written")
	assert.Contains(t, task.output(), "no space left on device")
	assert.Contains(t, task.output(), "a session can't be taken")
	require.NoError(t, os.Remove(filler))
	name, _ := task.who("bob")
	assert.Equal(t, "bob", name)
	assert.Less(t, task.terminate(), promptly)
	assert.Contains(t, task.output(), "handed back")
}

// fill writes until there is no room for a byte.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.Create(name)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	for block := make([]byte, 1<<12); len(block) > 0; block = block[:len(block)/2] {
		for err == nil {
			_, err = file.Write(block)
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
		err = nil
	}
}

// TestHangingMount has a file system that never answers, as one whose server is gone: the task listens, says that it waits, and can be
// stopped.
func TestHangingMount(t *testing.T) {
	t.Parallel()
	mounttest.Isolated(t, "the mount hung", onHangingMount)
}

func onHangingMount(t *testing.T, dir string) {
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		mounttest.Skip(t, err)
	}
	require.NoError(t, err)
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", device.Fd()) // nobody reads the requests
	if err := unix.Mount("hangs", dir, "fuse", 0, options); err != nil {
		mounttest.Skip(t, err)
	}
	s := newService(t)
	s.workspace = dir
	task := s.start()
	assert.Equal(t, http.StatusOK, task.do(ask{path: "/health"}).status)
	page := task.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
	assert.Equal(t, http.StatusServiceUnavailable, page.status)
	assert.Contains(t, page.header.Get("Content-Type"), "text/html")
	kind, status := task.status("")
	assert.Equal(t, wakeType, kind)
	assert.Equal(t, "waking", status["state"])
	assert.Less(t, task.terminate(), promptly, "a file system that hangs keeps no task from ending")
	require.NoError(t, device.Close())
}

// TestMountThatBeginsToHang: one task's way to the file system hangs under its sessions, and goes on after another task has taken them over.
func TestMountThatBeginsToHang(t *testing.T) {
	t.Parallel()
	mounttest.Isolated(t, "the mount hung and went on", onMountThatBeginsToHang)
}

func onMountThatBeginsToHang(t *testing.T, dir string) {
	s := newService(t)
	whole := s.workspace
	server := mountLoopback(t, whole, dir)
	s.workspace = dir
	hanging := s.start()
	pids := map[string]int{"ada": hanging.ready("")}
	_, pids["bob"] = hanging.who("bob")
	s.workspace = whole
	other := s.start()
	_, there := other.who("")
	require.Equal(t, pids["ada"], there)
	guests := 0
	hanging.waitFor(func() bool { // it knows that there is another one, once it gives somebody to it
		guests++
		return hanging.owner(fmt.Sprintf("guest-%d", guests)) == other.instance()
	}, "the other task is found")

	require.NoError(t, server.Signal(syscall.SIGSTOP)) // from now on every access waits
	for user := range pids {
		other.waitFor(func() bool {
			a, err := other.try(ask{path: "/api/session", user: user})
			return err == nil && a.status == http.StatusOK && a.json(t)["instance"] == other.instance()
		}, "the other task has the session of "+user)
		hanging.waitFor(func() bool { return syscall.Kill(pids[user], 0) != nil }, "the process of "+user+" has ended")
	}
	for user := range pids {
		_, here := other.who(user)
		_, there := hanging.who(user)
		assert.Equal(t, here, there, "it passes requests on without its files")
	}
	assert.Equal(t, http.StatusOK, hanging.do(ask{path: "/health"}).status, "it listens; a minute without files is what makes it sick")
	hanging.waitLog("lost: the lease could not be kept")

	require.NoError(t, server.Signal(syscall.SIGCONT))
	for user := range pids {
		_, here := other.who(user)
		hanging.waitFor(func() bool {
			a, err := hanging.try(ask{path: "/api/who", user: user})
			return err == nil && a.status == http.StatusOK && int(a.json(t)["pid"].(float64)) == here
		}, "it passes requests to who has the session now")
	}
	name, own := hanging.who("cyd")
	assert.Equal(t, "cyd", name)
	assert.NotZero(t, own, "and takes new ones")
	assert.Less(t, hanging.terminate(), promptly)
	assert.Less(t, other.terminate(), promptly)
}

// mountLoopback shows a directory at another place, by a process that may be stopped.
func mountLoopback(t *testing.T, whole, dir string) *os.Process {
	t.Helper()
	server := exec.CommandContext(t.Context(), mustSelf(t), "as-mount", whole, dir)
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	said := &strings.Builder{}
	server.Stderr = said
	require.NoError(t, starter().Start(server))
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGCONT)
		_ = server.Process.Kill() // and the mount goes with the namespace
		_ = server.Wait()
	})
	if n, _ := out.Read(make([]byte, 1)); n == 0 {
		mounttest.Skip(t, fmt.Errorf("%w: %s", errNoMount, said))
	}
	return server.Process
}

var errNoMount = errors.New("the process that mounts has ended")

// runMount is that process. It says by a byte that the mount is there.
func runMount(args []string) error {
	root, err := fs.NewLoopbackRoot(args[0])
	if err != nil {
		return err
	}
	server, err := fs.Mount(args[1], root, &fs.Options{MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "loopback"}})
	if err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString("."); err != nil {
		return err
	}
	server.Wait()
	return nil
}
