package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/webordinary/live-edit/functions/cleanup/spec"
	"github.com/webordinary/live-edit/functions/cleanup/sweep"
)

// settings are the function's contract with whoever deploys it. Every field names
// its environment variable; durations are Go's ("168h", "90s").
type settings struct {
	// Root (WORKSPACE_ROOT, required) is where the access point is mounted, an
	// absolute path; Lambda allows only /mnt/<name>.
	Root string
	// Sweep holds the following, all optional:
	//
	//	COMPRESS_AFTER     168h   idle threads are compressed
	//	DELETE_AFTER       720h   idle threads are deleted
	//	ARCHIVE_AFTER      0      idle users are archived; 0 is off, 2160h the specification's 90 days
	//	DRY_RUN            false  change nothing, count what would be done
	//	SETTLE             90s    how long a file moved aside must stay unchanged before it is removed
	//	WORKERS            128    file operations in flight
	//	PACKERS            16     files read or compressed at once, about 1 MB each
	//	MAX_THREAD_BYTES   1073741824  larger threads are left alone
	//	MAX_ARCHIVE_BYTES  4294967296  larger workspaces are not archived
	Sweep sweep.Config
	// Margin (DEADLINE_MARGIN, optional, 20s) is how long before Lambda's
	// deadline the run stops, to finish what is in hand and report.
	Margin time.Duration
}

// lookupEnv finds an environment variable, as os.LookupEnv does.
type lookupEnv func(name string) (string, bool)

// settingsFrom reads and validates. Every fault is in the one error it returns.
func settingsFrom(lookup lookupEnv) (settings, error) {
	c := settings{Sweep: sweep.DefaultConfig()}
	e := environment{lookup: lookup, named: map[string]bool{}}
	s := &c.Sweep
	e.path(spec.Root, &c.Root)
	e.duration(spec.CompressAfter, &s.Ages.Compress)
	e.duration(spec.DeleteAfter, &s.Ages.Delete)
	e.duration(spec.ArchiveAfter, &s.Ages.Archive)
	e.boolean(spec.DryRun, &s.DryRun)
	e.duration(spec.Settle, &s.Settle)
	e.integer(spec.Workers, &s.Workers)
	e.integer(spec.Packers, &s.Packers)
	e.bytes(spec.MaxThreadBytes, &s.MaxThread)
	e.bytes(spec.MaxArchiveBytes, &s.MaxArchive)
	c.Margin = 20 * time.Second
	e.duration(spec.DeadlineMargin, &c.Margin)
	if c.Margin < time.Second {
		e.fault(spec.DeadlineMargin, c.Margin.String(), "at least 1s")
	}
	for _, f := range s.Faults() {
		e.fault(strings.ToUpper(strings.ReplaceAll(f.Key, "-", "_")), f.Value, f.Expected)
	}
	if err := errors.Join(e.faults...); err != nil {
		return settings{}, fmt.Errorf("environment of the cleanup function:\n%w", err)
	}
	return c, nil
}

// environment collects faults. An absent or empty variable leaves the default.
type environment struct {
	lookup lookupEnv
	faults []error
	named  map[string]bool
}

// fault names a variable once: one that can't be read is not also compared.
func (e *environment) fault(name, value, expected string) {
	if e.named[name] {
		return
	}
	e.named[name] = true
	e.faults = append(e.faults, fmt.Errorf("%s=%q: expected %s", name, value, expected))
}

func (e *environment) value(name string) (string, bool) {
	value, ok := e.lookup(name)
	return value, ok && value != ""
}

func (e *environment) path(name string, into *string) {
	value, _ := e.value(name)
	if !filepath.IsAbs(value) {
		e.fault(name, value, "an absolute path, such as /mnt/workspaces")
	}
	*into = value
}

func (e *environment) duration(name string, into *time.Duration) {
	value, ok := e.value(name)
	if !ok {
		return
	}
	parsed, err := time.ParseDuration(value)
	if err != nil {
		e.fault(name, value, "a duration, such as 168h or 90s")
		return
	}
	*into = parsed
}

func (e *environment) boolean(name string, into *bool) {
	value, ok := e.value(name)
	if !ok {
		return
	}
	parsed, err := strconv.ParseBool(value)
	if err != nil {
		e.fault(name, value, "true or false")
		return
	}
	*into = parsed
}

func (e *environment) integer(name string, into *int) {
	value, ok := e.value(name)
	if !ok {
		return
	}
	parsed, err := strconv.Atoi(value)
	if err != nil {
		e.fault(name, value, "a whole number")
		return
	}
	*into = parsed
}

func (e *environment) bytes(name string, into *int64) {
	value, ok := e.value(name)
	if !ok {
		return
	}
	parsed, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		e.fault(name, value, "a number of bytes")
		return
	}
	*into = parsed
}
