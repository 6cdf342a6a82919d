package thread

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
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

func TestLastActivity(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		json      string
		want      string
		malformed bool
	}{
		"RFC 3339":                 {`{"lastActivity": "` + t1 + `"}`, t1, false},
		"with zone":                {`{"lastActivityAt": "2026-01-02T05:04:05+02:00"}`, t1, false},
		"without zone":             {`{"updated_at": "2026-01-02T03:04:05"}`, t1, false},
		"SQL":                      {`{"LAST-USED": "2026-01-02 03:04:05"}`, t1, false},
		"mail":                     {`{"lastModified": "Fri, 02 Jan 2026 03:04:05 GMT"}`, t1, false},
		"seconds":                  {`{"updatedAt": 1767323045}`, t1, false},
		"fractional seconds":       {`{"ts": 1767323045.5}`, "2026-01-02T03:04:05.5Z", false},
		"milliseconds":             {`{"updatedAt": 1778051289123}`, t2, false},
		"milliseconds in a string": {`{"updatedAt": "1778051289123"}`, t2, false},
		"microseconds":             {`{"updatedAt": 1778051289123000}`, t2, false},
		"exponent":                 {`{"updatedAt": 1.767323045e9}`, t1, false},
		"newest wins":              {`{"created": "` + t1 + `", "updated": "` + t2 + `", "mtime": 5}`, t2, false},
		"messages":                 {`{"messages": [{"timestamp": "` + t1 + `"}, {"timestamp": "` + t2 + `"}]}`, t2, false},
		"one object deep":          {`{"meta": {"updatedAt": "` + t1 + `"}}`, t1, false},
		"array at the top":         {`[{"timestamp": "` + t1 + `"}]`, t1, false},
		"JSON lines":               {`{"ts":"` + t1 + `"}` + "\n" + `{"ts":"` + t2 + `"}`, t2, false},
		"escaped key":              {`{"\u0075pdatedAt": "` + t1 + `"}`, t1, false},
		"too deep to be ours":      {`{"a": [{"b": {"updatedAt": "` + t1 + `"}}]}`, "", false},
		"in a text":                {`{"text": "{\"updatedAt\": \"` + t1 + `\"}"}`, "", false},
		"not a time":               {`{"updatedAt": "yesterday", "ts": true, "mtime": null, "created": {}}`, "", false},
		"zero time":                {`{"updatedAt": "0001-01-01T00:00:00Z", "ts": 0, "created": -5}`, "", false},
		"other key":                {`{"at": "` + t1 + `", "update": "` + t1 + `"}`, "", false},
		"a key's value only":       {`{"x": "updatedAt", "y": "` + t1 + `"}`, "", false},
		"after a nested value":     {`{"updatedAt": {"a": 1}, "y": "` + t1 + `"}`, "", false},
		"empty":                    {``, "", true},
		"blank":                    {" \n", "", true},
		"cut off":                  {`{"updatedAt": "` + t1 + `", "messages": [{"te`, t1, true},
		"cut off in a time":        {`{"updatedAt": "2026-01-0`, "", true},
		"wrong bracket":            {`{"updatedAt": "` + t1 + `"]`, t1, true},
		"no JSON":                  {`updatedAt: ` + t1, "", true},
		"missing colon":            {`{"updatedAt" "` + t1 + `"}`, "", true},
		"trailing comma":           {`{"updatedAt": "` + t1 + `",}`, t1, true},
		"binary":                   {"\x00\xff\x1f\x8b", "", true},
		"bare word":                {`{"updatedAt": tru}`, "", true},
	}
	for name, c := range cases {
		got, err := LastActivity(strings.NewReader(c.json), 1<<20)
		require.NoError(t, err, name)
		require.Equal(t, c.malformed, got.Malformed, name)
		want := time.Time{}
		if c.want != "" {
			want = at(c.want)
		}
		require.WithinDuration(t, want, got.Last, time.Microsecond, name)
	}
}

func TestLastActivityKeepsNothingOfLongContent(t *testing.T) {
	t.Parallel()
	long := `{"text": "` + strings.Repeat(`a\"`, 1<<20) + `", "updatedAt": "` + t1 + `"}`
	got, err := LastActivity(strings.NewReader(long), 1<<30)
	require.NoError(t, err)
	require.Equal(t, Activity{Last: at(t1)}, got)
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	got, err = LastActivity(strings.NewReader(deep), 1<<30)
	require.NoError(t, err)
	require.False(t, got.Malformed)
	got, err = LastActivity(strings.NewReader("["+deep+"]"), 1<<30)
	require.NoError(t, err)
	require.True(t, got.Malformed, "beyond the depth that is tracked")
}

// Only keys near the top are turned into strings.
func TestScannerDoesNotAllocate(t *testing.T) { //nolint:paralleltest // counts allocations
	long := []byte(`["` + strings.Repeat(`a\"`, 1<<16) + `", ` + strings.Repeat(`[`, 1000) + strings.Repeat(`"{,", 12, `, 1<<12))
	var s scanner
	require.Zero(t, testing.AllocsPerRun(10, func() {
		s = scanner{}
		s.feed(long)
	}))
}

func TestLastActivityLimitAndFaults(t *testing.T) {
	t.Parallel()
	_, err := LastActivity(strings.NewReader(`{"a": 1}`), 7)
	require.ErrorIs(t, err, ErrTooLong)
	_, err = LastActivity(strings.NewReader(`{"a": 1}`), 8)
	require.NoError(t, err)
	fault := errors.New("disk gone")
	_, err = LastActivity(io.MultiReader(strings.NewReader(`{"a"`), iotest.ErrReader(fault)), 100)
	require.ErrorIs(t, err, fault)
}

// reference finds the same with encoding/json and recursion.
func reference(value any, depth int, newest *time.Time) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			reference(element, depth+1, newest)
		}
	case map[string]any:
		for key, element := range v {
			var found time.Time
			var ok bool
			switch e := element.(type) {
			case string:
				found, ok = parseTime(e)
				ok = ok && len(e) <= maxToken
			case json.Number:
				found, ok = parseNumber(e.String())
			}
			if ok && depth+1 <= activityDepth && len(key) <= maxToken && isActivityKey(key) && found.After(*newest) {
				*newest = found
			}
			reference(element, depth+1, newest)
		}
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
		reference(value, 0, &want)
		got, err := LastActivity(iotest.OneByteReader(strings.NewReader(string(raw))), 1<<20)
		if err != nil || got.Malformed || !got.Last.Equal(want) {
			t.Fatalf("%s: %+v, %v; want %v", raw, got, err, want)
		}
	})
}

// FuzzActivity: no content breaks the scanner, valid JSON is never called
// malformed, and it does not matter how the content arrives.
func FuzzActivity(f *testing.F) {
	for _, seed := range []string{
		`{"updatedAt":"` + t1 + `"}`, `[1,{"ts":1767323045}]`, `{"a":"\"`, `"\u12`, `{"ts":1e999}`, `[[[[`, `{}{}`, `1 2`, `nul`,
		`{"updatedAt":"` + t1 + `"`, "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var whole, pieces scanner
		whole.feed(raw)
		for i := range raw {
			pieces.feed(raw[i : i+1])
		}
		a, b := whole.finish(), pieces.finish()
		if a != b {
			t.Fatalf("%q: %+v at once, %+v byte by byte", raw, a, b)
		}
		if json.Valid(raw) && a.Malformed {
			t.Fatalf("%q is valid and was called malformed", raw)
		}
		if !a.Last.IsZero() && a.Last.Before(epoch) {
			t.Fatalf("%q: %v", raw, a.Last)
		}
	})
}
