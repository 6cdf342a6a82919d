// Package stacks knows the stacks of a project by their settings files, for the messages about one that does not exist.
package stacks

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// File is the name of a stack's settings file.
func File(stack string) string { return "Pulumi." + stack + ".yaml" }

// Names are the stacks that have a settings file in a folder, sorted.
func Names(root string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(root, File("*")))
	if err != nil {
		return nil, fmt.Errorf("list the stacks in %s: %w", root, err)
	}
	names := make([]string, 0, len(paths))
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "Pulumi."), ".yaml"))
	}
	slices.Sort(names)
	return names, nil
}

// Choices says which names there are, and which one a misspelt name may have meant.
func Choices(known []string, misspelt string) string {
	if len(known) == 0 {
		return "there is none yet; `pulumi stack init NAME` makes one"
	}
	text := "known stacks are " + strings.Join(known, ", ")
	if best := Nearest(misspelt, known); best != "" {
		text += "; did you mean " + best + "?"
	}
	return text
}

// Nearest is the name that a misspelt one may have meant, or empty: up to two letters, or a third of them, may be wrong.
func Nearest(misspelt string, known []string) string {
	best, least := "", 0
	for _, name := range known {
		wrong := levenshtein.Distance(strings.ToLower(misspelt), strings.ToLower(name), nil)
		if misspelt == "" || wrong > max(2, len(name)/3) || wrong >= len(name) {
			continue
		}
		if best == "" || wrong < least {
			best, least = name, wrong
		}
	}
	return best
}
