// Command simulate plays what waking and sleeping comes to: how long people wait, what a month costs, and whether anybody
// is ever turned away. It writes docs/simulation.md and its charts, and prints the tables.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// What docs/simulation.md is made with.
const (
	defaultWakes = 1000
	defaultSites = 1000
)

func main() {
	out := flag.String("out", "docs", "folder to write simulation.md and img/simulation-*.svg to; empty only prints")
	wakes := flag.Int("wakes", defaultWakes, "wakes to play for each row")
	sites := flag.Int("sites", defaultSites, "sites to play side by side")
	flag.Parse()
	if *wakes < 1 || *sites < 1 {
		fmt.Fprintln(os.Stderr, "simulate: -wakes and -sites must be at least 1")
		os.Exit(2)
	}
	found := simulate(*wakes, *sites, func(step string) { fmt.Fprintf(os.Stderr, "simulating %s\n", step) })
	fmt.Printf("%s\n%s\n%s\n%s\n%s\n%s", leverTable(found.Levers), goalTable(found.Goals), wakeTable(found.Images), wakeTable(found.Sizes),
		wakeTable(found.Clients), found.monthTable())
	if *out != "" {
		if err := write(*out, found); err != nil {
			fmt.Fprintf(os.Stderr, "simulate: %v\n", err)
			os.Exit(1)
		}
	}
	if lost := found.lost(); lost > 0 {
		fmt.Fprintf(os.Stderr, "simulate: %d requests were lost\n", lost)
		os.Exit(1)
	}
}

// write writes the document and its charts.
func write(dir string, found *report) error {
	if err := os.MkdirAll(filepath.Join(dir, "img"), 0o750); err != nil {
		return fmt.Errorf("write charts: %w", err)
	}
	for name, svg := range found.charts() {
		if err := os.WriteFile(filepath.Join(dir, "img", name), []byte(svg), 0o600); err != nil {
			return fmt.Errorf("write chart: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "simulation.md"), []byte(found.document()), 0o600); err != nil {
		return fmt.Errorf("write simulation: %w", err)
	}
	return nil
}
