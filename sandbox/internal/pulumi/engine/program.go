package engine

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/stackfile"
)

// errProgramExited says that a program ended its goroutine, as a test's FailNow
// does, instead of returning.
var errProgramExited = errors.New("the program ended without returning")

// onOwnStack runs a program on a goroutine of its own. The SDK records the call
// stack of every resource in the state, and under the Automation API a dozen
// frames of gRPC would be part of each: half of the state, which is written anew
// after every step.
//
// The CLI tells the programs that it starts where their project is; dir tells this one.
func onOwnStack(program pulumi.RunFunc, dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) (err error) {
		var panicked any
		done := make(chan struct{})
		err = errProgramExited
		go func() {
			defer close(done)
			defer func() { panicked = recover() }()
			err = program(stackfile.In(ctx, dir))
		}()
		<-done
		if panicked != nil {
			panic(panicked) // the SDK reports it
		}
		return err
	}
}
