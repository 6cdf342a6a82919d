// Package fsx is the only door through which the workspace cleanup reaches a
// file system.
//
// A Dir is a handle on one directory and every name given to it is a single
// path component, so there is no path to get wrong: "..", a slash, or an
// absolute name is refused before the kernel sees it. Opening never follows a
// symbolic link and never crosses a mount point. The real implementation sits
// on os.Root; sub-package memfs keeps a tree in memory (with a crash that loses
// what was not synced), and sub-package fault puts errors, crashes and latency
// in front of either.
//
// The semantics that the cleanup relies on, and nothing more, are those that
// NFS version 4.1 as served by Amazon EFS gives
// (https://docs.aws.amazon.com/efs/latest/ug/features.html#consistency and
// RFC 8881): rename and link are atomic on the server; opening a file
// revalidates its attributes (close-to-open consistency), while a plain stat
// may be answered from a cache that is up to a minute old; fsync and close
// push data to stable storage. There is no O_TMPFILE, no RENAME_NOREPLACE and
// no lease, so none of them is needed.
package fsx
