package world_test

import (
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/world"
)

// BenchmarkStep is one step of a second in a world with one running task.
func BenchmarkStep(b *testing.B) {
	p := newPlay(b, world.Options{})
	p.desire(0, 1)
	p.step(100)
	second := 100
	for b.Loop() {
		second++
		p.step(second)
	}
}
