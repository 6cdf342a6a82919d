package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

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
	assert.Less(t, task.terminate(), 10*time.Second)
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
	assert.Less(t, task.terminate(), 10*time.Second, "a file system that hangs keeps no task from ending")
	require.NoError(t, device.Close())
}
