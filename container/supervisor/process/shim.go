package process

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// shimFlag makes this binary the shim of a process: -run-in DIRECTORY PROGRAM ARGUMENTS…
const shimFlag = "-run-in"

// exitNoCommand is what shells end with when there is no such program.
const exitNoCommand = 127

// Shim becomes the program that the arguments name, if they are a shim's. main calls it first.
func Shim() {
	const least = 4
	if len(os.Args) < least || os.Args[1] != shimFlag {
		return
	}
	err := become(os.Args[2], os.Args[3:])
	fmt.Fprintln(os.Stderr, "supervisor:", err)
	os.Exit(exitNoCommand)
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
