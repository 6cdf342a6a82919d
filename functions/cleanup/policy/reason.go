package policy

// Reason says why something that was due, or that was in the way, was left alone.
type Reason uint8

// The reasons.
const (
	None              Reason = iota
	NotAFile                 // a directory, link, pipe or device where a thread should be
	NotADirectory            // a file or link where a directory should be
	Unrecognised             // a name that is not one of a thread's
	MountPoint               // something else is mounted there
	HardLinked               // the file has another name somewhere
	FutureTime               // its time lies in the future
	InUse                    // somebody has it open
	Changed                  // it was changed while it was being worked on
	BothExist                // a thread, and a different one that is packed
	TwinInUse                // old itself, but the thread's other file is not
	TooLarge                 // over the limit on size
	NameTooLong              // no room for the suffixes
	CorruptPacked            // a packed thread that does not decompress
	Unreadable               // permission denied
	UnreadableContent        // what its content says of its last use can't be read
	DiskFull                 // no space or quota left to write
	IOError                  // any other fault of the file system
	SpecialFile              // a pipe, socket or device in a workspace to be archived
	ArchiveChanged           // a workspace that differs from its finished archive
	ArchiveOff               // a half-finished archive, and archiving is switched off
	WorkPending              // a workspace with thread files on their way out
	OutOfTime                // interrupted by the deadline
	reasons
)

var reasonNames = [reasons]string{
	None: "none", NotAFile: "not-a-file", NotADirectory: "not-a-directory", Unrecognised: "unrecognised",
	MountPoint: "mount-point", HardLinked: "hard-linked", FutureTime: "future-time", InUse: "in-use",
	Changed: "changed-meanwhile", BothExist: "both-exist", TwinInUse: "twin-in-use", TooLarge: "too-large",
	NameTooLong: "name-too-long", CorruptPacked: "corrupt-gzip", Unreadable: "unreadable", UnreadableContent: "unreadable-content",
	DiskFull: "disk-full",
	IOError:  "io-error", SpecialFile: "special-file", ArchiveChanged: "archive-differs", ArchiveOff: "archive-off",
	WorkPending: "work-pending", OutOfTime: "out-of-time",
}

// String is the reason as it appears in reports and metrics.
func (r Reason) String() string { return reasonNames[r] }

// ReasonCount is how many there are, None included.
const ReasonCount = int(reasons)

// Reasons lists all but None.
func Reasons() []Reason {
	all := make([]Reason, 0, reasons-1)
	for r := None + 1; r < reasons; r++ {
		all = append(all, r)
	}
	return all
}
