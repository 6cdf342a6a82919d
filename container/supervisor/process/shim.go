package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// shimFlag makes this binary the shim of a process: -run-in PARENT DIRECTORY PROGRAM ARGUMENTS…
const shimFlag = "-run-in"

// exitNoCommand is what shells end with when there is no such program.
const exitNoCommand = 127

// Shim becomes the program that the arguments name, if they are a shim's. main calls it first.
func Shim() {
	const least = 5
	if len(os.Args) < least || os.Args[1] != shimFlag {
		return
	}
	err := bind(os.Args[2])
	if err == nil {
		err = become(os.Args[3], os.Args[4:])
	}
	fmt.Fprintln(os.Stderr, "supervisor:", err)
	os.Exit(exitNoCommand)
}

// bind has the kernel kill this process with its parent. That is a thread's and not the process's, and what the parent has asked for is
// lost when another thread than the first becomes the program (execve(2), prctl(2)): so the thread that does asks itself.
func bind(parent string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("end with the supervisor: %w", err)
	}
	if strconv.Itoa(os.Getppid()) != parent {
		return fmt.Errorf("the supervisor, process %s, is gone", parent)
	}
	return nil
}

func become(directory string, command []string) error {
	if err := os.Chdir(directory); err != nil {
		return fmt.Errorf("change to the directory of %s: %w", command[0], err)
	}
	if err := os.Setenv("PWD", directory); err != nil {
		return err
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the program: %w", err)
	}
	if err := syscall.Exec(program, command, os.Environ()); err != nil { //nolint:gosec // the image's own
		return fmt.Errorf("become %s: %w", program, err)
	}
	return nil
}
