package scheduler_test

import (
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
)

// BenchmarkStep is one step of a second with one running task.
func BenchmarkStep(b *testing.B) {
	p := newPlay(b, scheduler.Options{})
	p.desire(0, 1)
	p.step(100)
	second := 100
	for b.Loop() {
		second++
		p.step(second)
	}
}
