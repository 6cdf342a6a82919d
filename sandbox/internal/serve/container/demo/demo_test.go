package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// TestTasksShareTheWorkspace has two tasks of one service write the same session's files at once, as during a deployment.
func TestTasksShareTheWorkspace(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	var writers errgroup.Group
	for _, task := range []string{"a", "b"} {
		files, err := os.OpenRoot(shared)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, files.Close()) })
		d := &demo{files: files}
		own := []byte(strings.Repeat(task, 4096))
		writers.Go(func() error {
			for range 200 {
				if err := d.replaceFile(task, own); err != nil {
					return err
				}
				read, err := files.ReadFile(task)
				if err != nil {
					return err
				}
				if !bytes.Equal(own, read) {
					return fmt.Errorf("task %s read %.20q", task, read)
				}
			}
			return nil
		})
	}
	require.NoError(t, writers.Wait())
	left, err := os.ReadDir(shared)
	require.NoError(t, err)
	require.Len(t, left, 2, "nothing but the files")
}
