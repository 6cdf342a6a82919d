package sweep

import (
	"math/rand/v2"
	"runtime"

	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
)

// yield lets another goroutine run now and then between operations.
type yield struct{}

func (y yield) Before(fault.Op) error {
	y.pause()
	return nil
}

func (yield) pause() {
	for range rand.IntN(4) {
		runtime.Gosched()
	}
}

func (y yield) After(fault.Op) error { return nil }
