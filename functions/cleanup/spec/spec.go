// Package spec names the environment variables of the function, which the program sets and the function reads. It imports
// nothing, so that both can import it.
package spec

// The variables; settings.go beside main.go says what their values mean.
const (
	Root            = "WORKSPACE_ROOT"
	CompressAfter   = "COMPRESS_AFTER"
	DeleteAfter     = "DELETE_AFTER"
	ArchiveAfter    = "ARCHIVE_AFTER"
	DryRun          = "DRY_RUN"
	Settle          = "SETTLE"
	Workers         = "WORKERS"
	Packers         = "PACKERS"
	MaxThreadBytes  = "MAX_THREAD_BYTES"
	MaxArchiveBytes = "MAX_ARCHIVE_BYTES"
	DeadlineMargin  = "DEADLINE_MARGIN"
)
