package container_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/awstest"
	"github.com/webordinary/live-edit/sandbox/internal/serve/container"
)

// room builds what keeps tasks apart.
var room = sync.OnceValues(func() (string, error) { return build(container.RoomPackage) })

// shell is what somebody types into a task: its own files, then everything of the others' that he knows the path of, then ways around.
const shell = `#!/bin/sh
echo "own: $(cat FILES/fs-1/clients/amelia/page)"
echo new > FILES/fs-1/clients/amelia/written
echo "clients: $(ls FILES/fs-1/clients 2>&1)"
echo "file systems: $(ls FILES 2>&1)"
cat FILES/fs-1/clients/acme/page 2>&1
echo overwritten 2>&1 > FILES/fs-1/clients/acme/page
mkdir FILES/fs-1/clients/acme 2>&1
umount FILES/fs-1/clients/amelia 2>&1; umount FILES 2>&1; umount -l FILES 2>&1
unshare --mount umount FILES 2>&1
cat FILES/fs-1/clients/acme/page 2>&1
echo end
exec sleep 300
`

// TestAShellInATaskSeesItsClientOnly: of two clients on one file system, each sees what its access point shows, whatever it tries.
func TestAShellInATaskSeesItsClientOnly(t *testing.T) {
	t.Parallel()
	files := t.TempDir()
	for client, text := range map[string]string{"amelia": "of amelia", "acme": "of acme"} {
		require.NoError(t, os.MkdirAll(filepath.Join(files, "fs-1", "clients", client), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(files, "fs-1", "clients", client, "page"), []byte(text), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(files, "fs-2"), 0o700))
	script := filepath.Join(t.TempDir(), "shell")
	require.NoError(t, os.WriteFile(script, []byte(strings.ReplaceAll(shell, "FILES", files)), 0o700))
	e := newEnv(t, func(o *container.Options) {
		o.Binary, o.Hidden = script, files
		for arn := range o.Mounts {
			o.Mounts[arn] = filepath.Join(files, "fs-1", "clients", "amelia")
		}
		var err error
		o.Room, err = room()
		require.NoError(t, err)
	})
	if !container.Rooms(e.processes) {
		t.Skip("no process may have mounts of its own here")
	}
	e.step(0)
	awstest.SetDesired(e.store, 1)
	e.step(39 * time.Second)
	task := e.task(scheduler.Running)
	e.untilLog(task, "end")
	said := strings.Join(e.processes.Log(task.ARN), "\n")
	assert.Contains(t, said, "own: of amelia\nclients: amelia\nfile systems: fs-1\n")
	assert.NotContains(t, said, "of acme")
	kept, err := os.ReadFile(filepath.Join(files, "fs-1", "clients", "acme", "page"))
	require.NoError(t, err)
	assert.Equal(t, "of acme", string(kept))
	assert.FileExists(t, filepath.Join(files, "fs-1", "clients", "amelia", "written"), "what it writes is on the file system")
}

// TestWithoutARoomTasksRunAllTheSame: where the kernel gives nobody mounts of his own, which is said, once and with the reason.
func TestWithoutARoomTasksRunAllTheSame(t *testing.T) {
	t.Parallel()
	refused := filepath.Join(t.TempDir(), "room")
	require.NoError(t, os.WriteFile(refused, []byte("#!/bin/sh\necho 'room: keep mounts to itself: operation not permitted' >&2; exit 1\n"), 0o700))
	for room, why := range map[string]string{refused: "room: keep mounts to itself: operation not permitted", "/bin/false": "exit status 1"} {
		hidden := filepath.Dir(t.TempDir())
		var notices []string
		e := newEnv(t, func(o *container.Options) {
			o.Room, o.Hidden, o.Notice = room, hidden, func(text string) { notices = append(notices, text) }
		})
		require.False(t, container.Rooms(e.processes))
		e.status(e.wake())
		require.Equal(t, []string{"tasks have no mounts of their own here, and find each other's files below " + hidden + ": " + why}, notices)
	}
}
