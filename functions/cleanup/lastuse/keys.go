package lastuse

import "bytes"

// keyKind says what a field's name promises of its value.
type keyKind uint8

const (
	otherKey keyKind = iota
	// timelyKey is a name that speaks of time: a number below it may be a date.
	timelyKey
	// weakKey tells when a thread was in use, unless its value is something else
	// by the look of it: "time": "3 min read", "modified": true.
	weakKey
	// ownKey tells when a thread was in use, whatever the value looks like.
	ownKey
)

// ownKeys are the field names that tell when a thread was in use, in lower case
// and without separators, so that lastActivityAt, last_activity_at and
// LastActivityAt are one. A creation time counts too: a thread was in use when
// it, or one of its messages, was made.
var ownKeys = func() map[string]keyKind {
	keys := map[string]keyKind{"ts": ownKey, "mtime": ownKey, "ctime": ownKey, "atime": ownKey, "timestamp": ownKey, "filemtime": ownKey}
	for _, what := range []string{
		"activity", "active", "access", "accessed", "used", "seen", "message", "modified", "update", "updated", "opened", "edited", "saved",
		"interaction", "run", "sync", "synced", "write", "written", "read", "request", "response", "event", "use", "change", "changed",
	} {
		for _, form := range []string{"at", "time", "date", "on", "timestamp", "ts"} {
			keys["last"+what+form] = ownKey
		}
		keys["last"+what] = ownKey
	}
	for _, what := range []string{
		"updated", "modified", "created", "accessed", "opened", "edited", "saved", "started", "ended", "finished", "completed", "sent",
		"received", "closed", "changed", "archived", "resumed", "modification", "creation", "update", "create", "start", "end",
	} {
		for _, form := range []string{"at", "time", "date", "on", "timestamp", "ts"} {
			keys[what+form] = ownKey
		}
	}
	for _, weak := range []string{
		"updated", "modified", "created", "accessed", "opened", "edited", "saved", "changed", "date", "time", "datetime", "when", "day",
		"lastmessage", "lastrun", "lastsync", "lastuse", "lastread", "lastwrite", "lastrequest", "lastresponse", "lastevent", "lastchange",
		"startedon", "endedon", "finishedon", "closedon", "start", "end", "started", "ended", "last", "endon", "starton", "sentat", "senton",
	} {
		keys[weak] = weakKey
	}
	return keys
}()

// timelyWords make a name timely, and timelyEnds do at its end.
var (
	timelyWords = [][]byte{
		[]byte("time"), []byte("date"), []byte("stamp"), []byte("modif"), []byte("creat"), []byte("updat"), []byte("activ"), []byte("access"),
		[]byte("seen"), []byte("epoch"), []byte("last"),
	}
	timelyEnds = [][]byte{[]byte("At"), []byte("_at"), []byte("-at"), []byte("_ts"), []byte("-ts"), []byte("Ts"), []byte("TS"), []byte("On")}
)

// kindOfKey looks a name up. It allocates nothing.
func kindOfKey(name []byte) keyKind {
	var buffer [maxToken]byte
	plain := buffer[:0]
	for _, c := range name {
		switch {
		case c == '_' || c == '-' || c == ' ' || c == '.':
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		plain = append(plain, c)
	}
	if kind, ok := ownKeys[string(plain)]; ok {
		return kind
	}
	for _, word := range timelyWords {
		if bytes.Contains(plain, word) {
			return timelyKey
		}
	}
	for _, end := range timelyEnds {
		if len(name) > len(end) && bytes.HasSuffix(name, end) {
			return timelyKey
		}
	}
	return otherKey
}
