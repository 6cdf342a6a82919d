// Package config reads what the cleanup function is to do from its environment.
package config

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

// Config is the function's contract with whoever deploys it. Every field names
// its environment variable; durations are Go's ("168h", "90s").
type Config struct {
	// Root (WORKSPACE_ROOT, required) is where the access point is mounted, an
	// absolute path; Lambda allows only /mnt/<name>.
	Root string
	// Sweep holds the following, all optional:
	//
	//	COMPRESS_AFTER     168h   idle threads become .json.gz
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

// Lookup finds an environment variable, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// FromEnv reads and validates. Every fault is in the one error it returns.
func FromEnv(lookup Lookup) (Config, error) {
	c := Config{Sweep: sweep.DefaultConfig()}
	r := reader{lookup: lookup, named: map[string]bool{}}
	s := &c.Sweep
	r.path(spec.Root, &c.Root)
	r.duration(spec.CompressAfter, &s.Ages.Compress)
	r.duration(spec.DeleteAfter, &s.Ages.Delete)
	r.duration(spec.ArchiveAfter, &s.Ages.Archive)
	r.boolean(spec.DryRun, &s.DryRun)
	r.duration(spec.Settle, &s.Settle)
	r.integer(spec.Workers, &s.Workers)
	r.integer(spec.Packers, &s.Packers)
	r.bytes(spec.MaxThreadBytes, &s.MaxThread)
	r.bytes(spec.MaxArchiveBytes, &s.MaxArchive)
	c.Margin = 20 * time.Second
	r.duration(spec.DeadlineMargin, &c.Margin)
	if c.Margin < time.Second {
		r.fault(spec.DeadlineMargin, c.Margin.String(), "at least 1s")
	}
	for _, f := range s.Faults() {
		r.fault(strings.ToUpper(strings.ReplaceAll(f.Key, "-", "_")), f.Value, f.Expected)
	}
	if err := errors.Join(r.faults...); err != nil {
		return Config{}, fmt.Errorf("environment of the cleanup function:\n%w", err)
	}
	return c, nil
}

// reader collects faults. An absent or empty variable leaves the default.
type reader struct {
	lookup Lookup
	faults []error
	named  map[string]bool
}

// fault names a variable once: one that can't be read is not also compared.
func (r *reader) fault(name, value, expected string) {
	if r.named[name] {
		return
	}
	r.named[name] = true
	r.faults = append(r.faults, fmt.Errorf("%s=%q: expected %s", name, value, expected))
}

func (r *reader) value(name string) (string, bool) {
	value, ok := r.lookup(name)
	return value, ok && value != ""
}

func (r *reader) path(name string, into *string) {
	value, _ := r.value(name)
	if !filepath.IsAbs(value) {
		r.fault(name, value, "an absolute path, such as /mnt/workspaces")
	}
	*into = value
}

func (r *reader) duration(name string, into *time.Duration) {
	value, ok := r.value(name)
	if !ok {
		return
	}
	parsed, err := time.ParseDuration(value)
	if err != nil {
		r.fault(name, value, "a duration, such as 168h or 90s")
		return
	}
	*into = parsed
}

func (r *reader) boolean(name string, into *bool) {
	value, ok := r.value(name)
	if !ok {
		return
	}
	parsed, err := strconv.ParseBool(value)
	if err != nil {
		r.fault(name, value, "true or false")
		return
	}
	*into = parsed
}

func (r *reader) integer(name string, into *int) {
	value, ok := r.value(name)
	if !ok {
		return
	}
	parsed, err := strconv.Atoi(value)
	if err != nil {
		r.fault(name, value, "a whole number")
		return
	}
	*into = parsed
}

func (r *reader) bytes(name string, into *int64) {
	value, ok := r.value(name)
	if !ok {
		return
	}
	parsed, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		r.fault(name, value, "a number of bytes")
		return
	}
	*into = parsed
}
