package lease

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// recordSize is the length of every record: a lease is moved on by one write that neither grows nor shrinks the file, so that a reader
// meets the old record or the new one. A task's ARN has 150 bytes at most.
const recordSize = 1024

// Record is the content of a lease file.
type Record struct {
	Version  int    `json:"version"`
	Epoch    uint64 `json:"epoch"`
	Counter  uint64 `json:"counter"`
	Task     string `json:"task"`
	Instance string `json:"instance"`
	Address  string `json:"address"`
	// Released says that the owner has ended its processes and wants the lease no more: nobody needs to wait.
	Released bool `json:"released,omitempty"`
}

var errRecordTooLong = errors.New("a lease record is too long")

func (r Record) encode() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a lease record: %w", err)
	}
	if len(text) >= recordSize {
		return nil, fmt.Errorf("%w: %d bytes, %d at most; task %q, address %q", errRecordTooLong, len(text), recordSize-1, r.Task, r.Address)
	}
	return append(append(text, bytes.Repeat([]byte{' '}, recordSize-1-len(text))...), '\n'), nil
}

// parseRecord reads what can be read. A record of another version may have members that this one does not know; what it must keep is
// the address, and the meaning of "released".
func parseRecord(content []byte) (Record, bool) {
	var record Record
	if len(content) > 4*recordSize || json.Unmarshal(content, &record) != nil || record.Version < 1 {
		return Record{}, false
	}
	return record, true
}

// Names of files: USER.EPOCH for the leases and USER.current for the hint where the newest one is. A user's name has no dot.

func epochName(user string, epoch uint64) string { return fmt.Sprintf("%s.%012d", user, epoch) }

// parseEpochName is the epoch in the name of a lease of the user's.
func parseEpochName(user, name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, user+".")
	if !ok {
		return 0, false
	}
	epoch, err := strconv.ParseUint(digits, 10, 64)
	return epoch, err == nil && epoch > 0 && epoch < maxEpoch && epochName(user, epoch) == name
}

func hintName(user string) string { return user + ".current" }

// maxEpoch keeps garbage in a hint or a name from leaving no epoch to take over with.
const maxEpoch = 1 << 39

// hintSize keeps the hint's length constant, for the reason that recordSize has.
const hintSize = 21

func encodeHint(epoch uint64) []byte { return fmt.Appendf(nil, "%0*d\n", hintSize-1, epoch) }

func parseHint(content []byte) (uint64, bool) {
	if len(content) != hintSize {
		return 0, false
	}
	epoch, err := strconv.ParseUint(strings.TrimSuffix(string(content), "\n"), 10, 64)
	return epoch, err == nil && epoch < maxEpoch
}
