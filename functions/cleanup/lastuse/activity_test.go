package lastuse

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"pgregory.net/rapid"
)

func at(text string) time.Time {
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return parsed
}

const t1, t2 = "2026-01-02T03:04:05Z", "2026-05-06T07:08:09.123Z"

// present is when the tests read.
var present = at("2026-06-01T12:00:00Z")

func reading(limit int64) Reading { return Reading{Limit: limit, Now: present} }

func TestLastActivity(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		json string
		want string
	}{
		"RFC 3339":                 {`{"lastActivity": "` + t1 + `"}`, t1},
		"with zone":                {`{"lastActivityAt": "2026-01-02T05:04:05+02:00"}`, t1},
		"without zone":             {`{"updated_at": "2026-01-02T03:04:05"}`, t1},
		"SQL":                      {`{"LAST-USED": "2026-01-02 03:04:05"}`, t1},
		"mail":                     {`{"lastModified": "Fri, 02 Jan 2026 03:04:05 GMT"}`, t1},
		"seconds":                  {`{"updatedAt": 1767323045}`, t1},
		"fractional seconds":       {`{"ts": 1767323045.5}`, "2026-01-02T03:04:05.5Z"},
		"milliseconds":             {`{"updatedAt": 1778051289123}`, t2},
		"milliseconds in a string": {`{"updatedAt": "1778051289123"}`, t2},
		"microseconds":             {`{"updatedAt": 1778051289123000}`, t2},
		"nanoseconds":              {`{"updatedAt": 1778051289123000000}`, t2},
		"exponent":                 {`{"updatedAt": 1.767323045e9}`, t1},
		"newest wins":              {`{"created": "` + t1 + `", "updated": "` + t2 + `", "mtime": 5}`, t2},
		"messages":                 {`{"messages": [{"timestamp": "` + t1 + `"}, {"timestamp": "` + t2 + `"}]}`, t2},
		"one object deep":          {`{"meta": {"updatedAt": "` + t1 + `"}}`, t1},
		"array at the top":         {`[{"timestamp": "` + t1 + `"}]`, t1},
		"JSON lines":               {`{"ts":"` + t1 + `"}` + "\n" + `{"ts":"` + t2 + `"}`, t2},
		"JSON lines with commas":   {`{"ts":"` + t2 + `"},` + "\r\n" + `{"ts":"` + t1 + `"},`, t2},
		"escaped key":              {`{"\u0075pdatedAt": "` + t1 + `"}`, t1},
		"escaped value":            {`{"updatedAt": "2026-01-02\u0020\u202f03:04:05"}`, t1},
		"deep":                     {`{"a": [{"b": {"c": {"d": {"e": {"updatedAt": "` + t1 + `"}}}}}]}`, t1},
		"unknown key":              {`{"at": "` + t1 + `", "update": "` + t2 + `"}`, t2},
		"number of a timely key":   {`{"cacheTimeMs": 1778051289123, "bytes": 778051299000}`, t2},
		"a key's value only":       {`{"x": "updatedAt", "y": 802000000}`, ""},
		"after a nested value":     {`{"timestamp": [` + "1778051289123" + `], "y": 779051289123}`, t2},
		"a key of two letters":     {`{"createdAt": "` + t1 + `", "hb": 1778051289123}`, t2},
		"a foreign key":            {`{"createdAt": "` + t1 + `", "horodatage": 1778051289}`, "2026-05-06T07:08:09Z"},
		"a text of digits":         {`{"createdAt": "` + t1 + `", "wall": "1778051289123"}`, t2},
		"an entry":                 {`{"createdAt": "` + t1 + `", "log": [[1778051289123, "hi"]]}`, t2},
		"a compact day":            {`{"createdAt": "` + t1 + `", "d": 20260506, "e": "20260505"}`, "2026-05-06T00:00:00Z"},
		"numbers to come":          {`{"createdAt": "` + t1 + `", "max": 1999999999, "exp": 1999999999000}`, t1},
		"numbers that are no date": {`{"createdAt": "` + t1 + `", "a": 4778051289, "b": 20269999, "c": 177805128.5, "d": "1778051289x"}`, t1},
		"MongoDB":                  {`{"updatedAt": {"$date": {"$numberLong": "1778051289123"}}}`, t2},
		"Firestore":                {`{"createTime": {"_seconds": 1767323045, "_nanoseconds": 7}}`, t1},
		"Python":                   {`{"score": NaN, "min": -Infinity, "max": Infinity, "updatedAt": "` + t1 + `"}`, t1},
		"mark of UTF-8":            {"\ufeff" + `{"updatedAt": "` + t1 + `"}` + "\n\ufeff{}", t1},
		"text sequence":            {"\x1e" + `{"updatedAt": "` + t1 + `"}` + "\n\x1e{}\n", t1},
		"raw tab":                  {"{\"text\": \"a\tb\x1b[0m\", \"updatedAt\": \"" + t1 + "\"}", t1},
		"in a text":                {`{"text": "{\"updatedAt\": \"` + t1 + `\"}"}`, ""},
		"not a time":               {`{"ts": true, "mtime": null, "created": {}, "updatedAt": "", "modified": ["a"], "time": "3 min"}`, ""},
		"zero time":                {`{"updatedAt": "0001-01-01T00:00:00Z", "ts": 0, "created": -5, "mtime": "1970-01-01"}`, ""},
		"relative":                 {`{"ts": 12.5, "messages": [{"timestamp": 8000}]}`, ""},
		"nothing":                  {`{}`, ""},
		"empty":                    {``, ""},
		"blank":                    {" \n", ""},
		"numbers of tools":         {`{"a": {"b": {"c": {"d": {"e": {"updatedAt": "some day", "created": 46000}}}}}}`, ""},
		"announced by a tool":      {`{"updatedAt": "` + t1 + `", "tool": {"expires": "2031-01-01", "renewTime": 1924992000}}`, t1},
	}
	for name, c := range cases {
		got, err := LastActivity(strings.NewReader(c.json), reading(1<<20))
		require.NoError(t, err, name)
		require.NoError(t, got.Unreadable(), name)
		require.Zero(t, got.Future, name)
		want := time.Time{}
		if c.want != "" {
			want = at(c.want)
		}
		require.WithinDuration(t, want, got.Last, time.Microsecond, name)
	}
}

// TestWhatCanNotBeReadIsInDoubt: no date that is found outweighs what may be newer.
func TestWhatCanNotBeReadIsInDoubt(t *testing.T) {
	t.Parallel()
	dated := `{"updatedAt": "` + t1 + `"}`
	for name, content := range map[string]string{
		"cut off":                         `{"updatedAt": "` + t1 + `", "messages": [{"te`,
		"cut off after a line":            dated + "\n" + `{"updatedAt": "2026-05-0`,
		"cut off in a time":               `{"updatedAt": "2026-01-0`,
		"cut off in a number":             `{"updatedAt": 17673`,
		"wrong bracket":                   `{"updatedAt": "` + t1 + `"]`,
		"no JSON":                         `updatedAt: ` + t1,
		"YAML":                            "---\nupdatedAt: " + t1 + "\n",
		"Python's repr":                   `{'updatedAt': '` + t1 + `'}`,
		"missing colon":                   `{"updatedAt" "` + t1 + `"}`,
		"trailing comma":                  `{"updatedAt": "` + t1 + `",}`,
		"binary":                          "\x00\xff\x1f\x8b",
		"zeros only":                      strings.Repeat("\x00", 4096),
		"zeros at the end":                dated + strings.Repeat("\x00", 512),
		"zeros in a text":                 `{"updatedAt": "` + t1 + `", "text": "` + strings.Repeat("\x00", 512) + `"}`,
		"bare word":                       `{"updatedAt": tru}`,
		"damage to a value of many lines": "{\n\"updatedAt\": \"" + t1 + "\",\n \"text\": \"to\n},\n" + dated + "\n" + dated,
		"encrypted":                       "gAAAAABm" + strings.Repeat("Zk9", 100),
		"a page of HTML":                  "<!doctype html>\n<title>502</title>\n",
		"conflict of git":                 "<<<<<<< HEAD\n" + dated + "\n=======\n{\"updatedAt\": \"x",
		"words":                           `{"updatedAt": "yesterday", "createdAt": "` + t1 + `"}`,
		"words before a newer line":       `{"updatedAt": "2 days ago"}` + "\n" + dated,
		"unit unknown":                    `{"updatedAt": 46354.5, "createdAt": "` + t1 + `"}`,
		"ticks":                           `{"updatedAt": 639152640000000000}`,
		"seconds since 2001":              `{"updatedAt": 802000000}`,
		"object of parts":                 `{"updatedAt": {"year": 2026, "month": 5}}`,
		"array of parts":                  `{"updatedAt": [2026, 5, 31, 10, 0]}`,
		"week":                            `{"updatedAt": "2026-W22-7"}`,
		"too long":                        `{"updatedAt": "` + strings.Repeat(" ", maxToken) + t1 + `"}`,
		"bad escape":                      `{"updatedAt": "2026-\q"}`,
		"a weak key that claims a date":   `{"date": "2026年第148天"}`,
		"UTF-16, cut":                     "\xff\xfe{\x00\"\x00a",
		"UTF-32 that is none":             "\x00\x00\xfe\xffabcd",
	} {
		got, err := LastActivity(strings.NewReader(content), reading(1<<20))
		require.NoError(t, err, name)
		require.ErrorIs(t, got.Unreadable(), ErrUnreadable, name)
		require.False(t, got.Last.After(at(t1)), name)
	}
}

// TestALaterLineOutweighsATornOne: lines are written one after the other.
func TestALaterLineOutweighsATornOne(t *testing.T) {
	t.Parallel()
	line := `{"timestamp":"` + t1 + `"}` + "\n"
	for name, torn := range map[string]string{
		"in a text":        `{"type":"user","timest` + "\n",
		"in a text, CRLF":  `{"type":"user","timest` + "\r\n",
		"after an escape":  `{"type":"user\` + "\n",
		"after a value":    `{"type":"user"` + "\n",
		"after a comma":    `{"type":"user",` + "\n",
		"in a number":      `{"n":12` + "\n",
		"comment":          "// thread\n",
		"zeros":            strings.Repeat("\x00", 512),
		"torn, then zeros": `{"text":"abc` + strings.Repeat("\x00", 512),
		"garbage":          "\xff\xfdabc\n",
		"huge":             `{"text":"` + strings.Repeat("x", 1<<20) + "\n",
		"log":              "2026-05-31 10:00:00 INFO started\n",
	} {
		got, err := LastActivity(iotest.HalfReader(strings.NewReader(line+torn+line)), reading(1<<22))
		require.NoError(t, err, name)
		require.NoError(t, got.Unreadable(), name)
		require.Equal(t, at(t1), got.Last, name)
		got, err = LastActivity(strings.NewReader(line+torn), reading(1<<22))
		require.NoError(t, err, name)
		require.ErrorIs(t, got.Unreadable(), ErrUnreadable, "%s, at the end", name)
		got, err = LastActivity(strings.NewReader(line+torn+`{"type":"summary"}`), reading(1<<22))
		require.NoError(t, err, name)
		require.ErrorIs(t, got.Unreadable(), ErrUnreadable, "%s, before a line without a date", name)
	}
}

func TestAFieldOfTheThreadsOwnInTheFuture(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		`{"updatedAt": "2026-01-02", "messages": [{"ts": 4102444800}]}`, `{"updatedAt": "2100-01-01T00:00:00Z"}`,
		`{"updatedAt": {"$date": "2100-01-01T00:00:00Z"}}`, `{"date": "1 Jan 2100"}`,
	} {
		got, err := LastActivity(strings.NewReader(content), reading(1<<20))
		require.NoError(t, err)
		require.Equal(t, at("2100-01-01T00:00:00Z"), got.Future, content)
		require.False(t, got.Last.After(present), content)
	}
}

func TestOtherEncodings(t *testing.T) {
	t.Parallel()
	content := `{"updatedAt": "` + t1 + `", "text": "ünï \U0001f980"}`
	for name, e := range map[string]encoding.Encoding{
		"UTF-16LE": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "UTF-16BE": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16LE, no mark": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16BE, no mark": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"UTF-32LE":          utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), "UTF-32BE": utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
		"UTF-32LE, no mark": utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "UTF-8": unicode.UTF8BOM,
	} {
		raw, err := e.NewEncoder().String(content)
		require.NoError(t, err, name)
		got, err := LastActivity(iotest.OneByteReader(strings.NewReader(raw)), reading(1<<20))
		require.NoError(t, err, name)
		require.Equal(t, Activity{Last: at(t1)}, got, name)
		_, err = LastActivity(strings.NewReader(raw), reading(int64(len(raw)-1)))
		require.ErrorIs(t, err, ErrTooLong, name)
	}
}

func TestLastActivityKeepsNothingOfLongContent(t *testing.T) {
	t.Parallel()
	long := `{"text": "` + strings.Repeat(`a\"`, 1<<20) + `", "updatedAt": "` + t1 + `"}`
	got, err := LastActivity(strings.NewReader(long), reading(1<<30))
	require.NoError(t, err)
	require.Equal(t, Activity{Last: at(t1)}, got)
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	got, err = LastActivity(strings.NewReader(deep), reading(1<<30))
	require.NoError(t, err)
	require.NoError(t, got.Unreadable())
	got, err = LastActivity(strings.NewReader("["+deep+"]"), reading(1<<30))
	require.NoError(t, err)
	require.ErrorIs(t, got.Unreadable(), ErrUnreadable, "beyond the depth that is tracked")
}

// Only what may be a date is turned into a string.
func TestScannerDoesNotAllocate(t *testing.T) { //nolint:paralleltest // counts allocations
	long := []byte(`["` + strings.Repeat(`a\"`, 1<<16) + `", ` + strings.Repeat(`[`, 1000) + strings.Repeat(`"{,", 12, {"id": 7}, `, 1<<12))
	s := &scanner{}
	require.Zero(t, testing.AllocsPerRun(10, func() {
		*s = scanner{}
		s.feed(long)
	}))
	require.Zero(t, s.damage)
}

func TestLastActivityLimitAndFaults(t *testing.T) {
	t.Parallel()
	_, err := LastActivity(strings.NewReader(`{"a": 1}`), reading(7))
	require.ErrorIs(t, err, ErrTooLong)
	_, err = LastActivity(strings.NewReader(`{"a": 1}`), reading(8))
	require.NoError(t, err)
	fault := errors.New("disk gone")
	for _, before := range []string{"", `{"`, `{"a"`, "\xff\xfea"} {
		_, err = LastActivity(io.MultiReader(strings.NewReader(before), iotest.ErrReader(fault)), reading(100))
		require.ErrorIs(t, err, fault, before)
	}
}

// reference finds the same with encoding/json and recursion, for the keys that drawJSON draws.
func reference(value any, key string, newest *time.Time) {
	found, says := time.Time{}, saysNothing
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			reference(element, key, newest)
		}
	case map[string]any:
		for name, element := range v {
			if kindOfKey([]byte(name)) == otherKey {
				name = key // what stands for a date keeps its promise
			}
			reference(element, name, newest)
		}
	case string:
		found, says = parseTime(v, present)
	case json.Number:
		if key != "" || maybeCount([]byte(v)) {
			found, says = parseNumber(v.String())
		}
	}
	if says == isDate && found.After(*newest) {
		*newest = found
	}
}

func drawJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 6
		if depth == 0 {
			kinds = 4
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]any{t1, t2, "x", "\"}", "\\", "ünï\n", nil, true}).Draw(t, "leaf")
		case 1:
			return json.Number(rapid.SampledFrom([]string{"1767323045", "1778051289123", "-1", "0", "1.5e9"}).Draw(t, "number"))
		case 2:
			return rapid.StringN(0, 80, -1).Draw(t, "text")
		case 3:
			return map[string]any{}
		case 4:
			return rapid.SliceOfN(drawJSON(depth-1), 0, 4).Draw(t, "array")
		default:
			key := rapid.SampledFrom([]string{"updatedAt", "last_activity", "messages", "timestamp", "text", "a\"b", ""})
			object := map[string]any{}
			for _, k := range rapid.SliceOfN(key, 0, 4).Draw(t, "keys") {
				object[k] = drawJSON(depth-1).Draw(t, "member")
			}
			return object
		}
	})
}

func TestLastActivityMatchesReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := drawJSON(5).Draw(t, "json")
		raw, err := json.MarshalIndent(value, "", rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		var want time.Time
		reference(value, "", &want)
		got, err := LastActivity(iotest.OneByteReader(strings.NewReader(string(raw))), reading(1<<20))
		if err != nil || got.Doubt.Kind == DoubtContent || !got.Last.Equal(want) {
			t.Fatalf("%s: %+v, %v; want %v", raw, got, err, want)
		}
	})
}

// FuzzActivity: no content breaks the scanner, valid JSON is never called
// torn, and it does not matter how the content arrives.
func FuzzActivity(f *testing.F) {
	for _, seed := range []string{
		`{"updatedAt":"` + t1 + `"}`, `[1,{"ts":1767323045}]`, `{"a":"\"`, `"\u12`, `{"ts":1e999}`, `[[[[`, `{}{}`, `1 2`, `nul`,
		`{"updatedAt":"` + t1 + `"`, "\ufeff{}", "{\"a\":\"b\n{\"ts\":1767323045}\n", "\x00\x00{\"ts\":[]}", `{"date":"1/2/2026, 3:04:05 PM"}`,
		`{"updatedAt":{"a":{}}}`, "{\"a\":1\n{\"ts\":\"/Date(1767323045000)/\"}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole, pieces := scanner{now: present}, scanner{now: present}
		whole.feed(raw)
		for i := range raw {
			pieces.feed(raw[i : i+1])
		}
		a, b := whole.finish(), pieces.finish()
		if a != b {
			t.Fatalf("%q: %+v at once, %+v byte by byte", raw, a, b)
		}
		if json.Valid(raw) && a.Doubt.Kind == DoubtContent {
			t.Fatalf("%q is valid and was called torn", raw)
		}
		if !a.Last.IsZero() && (a.Last.Before(epoch) || a.Last.After(present)) || !a.Future.IsZero() && !a.Future.After(present) {
			t.Fatalf("%q: %+v", raw, a)
		}
		if _, err := LastActivity(bytes.NewReader(raw), reading(1<<20)); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
	})
}
