// Package owner has the cleanup's tests run as the user to whom workspaces
// belong, too. Root may do everything: what the file system forbids to anybody
// else is not seen by tests that root runs.
package owner

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	// uid is what the access point makes of everybody who comes through it.
	uid = 1000
	// once marks processes that are not to repeat their tests.
	once = "CLEANUP_TEST_ONCE"
	mode = 0o755 // another user has to get at the binary
)

// Once is the setting, for the environment of a child that runs tests as a root
// of its own namespace.
const Once = once + "=1"

// Main runs a package's tests, and if it is root who does, once more as uid
// 1000. Where nobody can become that user it says so. It returns the exit code.
func Main(m *testing.M) int {
	if code := m.Run(); code != 0 || os.Geteuid() != 0 || os.Getenv(once) != "" || !tests() {
		return code
	}
	out, err := again()
	switch {
	case err == nil:
		if testing.Verbose() {
			fmt.Printf("as uid %d:\n%s", uid, out)
		}
		return 0
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EINVAL): // a container that has but one user
		fmt.Fprintf(os.Stderr, "NOT TESTED as uid %d, because this process can't become that user: %v\n", uid, err)
		return 0
	default:
		fmt.Fprintf(os.Stderr, "as uid %d: %v\n%s", uid, err, out)
		return 1
	}
}

// tests says whether tests are what was asked for, and not benchmarks, fuzzing or a list.
func tests() bool {
	for _, name := range []string{"test.bench", "test.fuzz", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	worker := flag.Lookup("test.fuzzworker")
	return worker == nil || worker.Value.String() != "true"
}

// again runs a copy of this binary, because the original lies where only its owner gets.
func again() (out []byte, err error) {
	dir, err := os.MkdirTemp("", "as-owner-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, temp := filepath.Join(dir, "tests"), filepath.Join(dir, "tmp")
	err = errors.Join(os.Chmod(dir, mode), duplicate(program), os.Mkdir(temp, mode))
	if err == nil {
		err = os.Chown(temp, uid, uid)
	}
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), program, arguments()...) //nolint:gosec // a copy of this very program
	cmd.Env = append(os.Environ(), Once, "TMPDIR="+temp, "HOME="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	var all bytes.Buffer
	cmd.Stdout, cmd.Stderr = &all, &all
	err = cmd.Run()
	return all.Bytes(), err
}

func duplicate(to string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := os.Open(self) //nolint:gosec // this program
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // in a new directory
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), os.Chmod(to, mode)) // whatever the umask
}

// arguments are this process's own, without the files that it writes itself.
func arguments() []string {
	var kept []string
	for _, arg := range os.Args[1:] {
		name, _, _ := strings.Cut(arg, "=")
		if strings.HasSuffix(name, "profile") || name == "-test.testlogfile" || name == "-test.gocoverdir" || name == "-test.outputdir" {
			continue
		}
		kept = append(kept, arg)
	}
	return kept
}
