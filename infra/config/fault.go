package config

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	// Key is the configuration key without the project's namespace.
	Key string
	// Value is what was configured, "(secret)" for secrets.
	Value string
	// Expected says what a right value looks like.
	Expected string
}

// Error reports every fault of a stack's configuration at once.
type Error struct {
	Stack  string
	Faults []Fault
}

// Error lists the faults, one a line, and where to mend them.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the configuration of stack %q has %d fault(s):", e.Stack, len(e.Faults))
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n  %s = %q: expected %s", f.Key, f.Value, f.Expected)
	}
	fmt.Fprintf(&b, "\nMend them in Pulumi.%s.yaml or with `pulumi config set --stack %s KEY VALUE`.", e.Stack, e.Stack)
	return b.String()
}
