// Command startbench measures what Astro's start to its first page takes with its dependencies where npm has put them, and unpacked before.
//
//	go run ./sandbox/internal/serve/astro/startbench [-rounds 5]
//
// Each round does both, on the same disk, and unpacks to memory besides; figures are medians. The output is Markdown, for
// docs/performance.md and the model's times.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"github.com/webordinary/live-edit/sandbox/internal/serve/astro"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds of the measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *rounds)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "startbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	installed, err := astro.Install(ctx, root)
	if err != nil {
		return err
	}
	var all []astro.Starts
	for range rounds {
		starts, err := once(ctx, installed)
		if err != nil {
			return err
		}
		all = append(all, starts)
	}
	row := func(what, unit string, value func(astro.Starts) float64) {
		var list []float64
		for _, starts := range all {
			list = append(list, value(starts))
		}
		slices.Sort(list)
		fmt.Printf("| %s | %.2f%s | %.2f%s | %.2f%s |\n", what, list[len(list)/2], unit, list[0], unit, list[len(list)-1], unit)
	}
	const mega = 1e6
	fmt.Printf("Dependencies of %.0f MB, %.0f MB as a pack, %d rounds:\n\n| | Median | Least | Most |\n|---|---:|---:|---:|\n",
		float64(all[0].Bytes)/mega, float64(all[0].Packed)/mega, rounds)
	row("Start of Astro, dependencies where npm has put them", " s", func(s astro.Starts) float64 { return s.InPlace.Seconds() })
	row("The same, unpacked before, without the unpacking", " s", func(s astro.Starts) float64 { return s.Unpacked.Seconds() })
	row("Unpacking", " s", func(s astro.Starts) float64 { return s.Unpacking.Seconds() })
	row("Unpacking to memory", " s", func(s astro.Starts) float64 { return s.ToMemory.Seconds() })
	row("Unpacking, MB of files a second", "", func(s astro.Starts) float64 { return float64(s.Bytes) / mega / s.Unpacking.Seconds() })
	row("Unpacking to memory, MB of files a second", "", func(s astro.Starts) float64 {
		return float64(s.Bytes) / mega / s.ToMemory.Seconds()
	})
	row("Unpacking and start / start where npm has put them", "", func(s astro.Starts) float64 {
		return (s.Unpacking + s.Unpacked).Seconds() / s.InPlace.Seconds()
	})
	return nil
}

func once(ctx context.Context, installed *astro.Installed) (_ astro.Starts, err error) {
	directory, err := os.MkdirTemp("", "startbench-")
	if err != nil {
		return astro.Starts{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	return installed.Starts(ctx, directory)
}
