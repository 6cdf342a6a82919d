package sweep

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
)

// notations are how programs write a moment, of which the content is to speak.
func notations(at time.Time) map[string]string {
	quoted := map[string]string{
		"iso": "2006-01-02T15:04:05Z", "no-colon": "2006-01-02T15:04:05+0000", "git": "2006-01-02 15:04:05 +0000", "minutes": "2006-01-02T15:04Z",
		"utc": "2006-01-02 15:04:05 UTC", "js": "Mon Jan 02 2006 15:04:05 GMT+0000 (Coordinated Universal Time)", "ctime": "Mon Jan _2 15:04:05 2006",
		"us": "1/2/2006, 3:04:05 PM", "us-narrow": "1/2/2006, 3:04:05\u202fPM", "gb": "02/01/2006, 15:04:05", "de": "2.1.2006, 15:04:05",
		"basic": "20060102T150405Z", "comma": "2006-01-02T15:04:05,123Z", "hours": "2006-01-02T15:04:05+00", "lower": "2006-01-02t15:04:05z",
		"zone": "2006-01-02T15:04:05Z[UTC]", "leap": "2006-01-02T15:04:60Z", "mail": time.RFC1123Z, "rfc850": time.RFC850, "unix": time.UnixDate,
		"date": "2006-01-02", "slashes": "2006/01/02 15:04:05", "words": "January 2, 2006 at 3:04 PM", "log": "02/Jan/2006:15:04:05 +0000",
		"week": "2006-W01", "unknown": "Mo., 2. Januar 2006, 15 Uhr",
	}
	all := map[string]string{
		"seconds": fmt.Sprint(at.Unix()), "milliseconds": fmt.Sprint(at.UnixMilli()), "microseconds": fmt.Sprint(at.UnixMicro()),
		"nanoseconds": fmt.Sprint(at.UnixNano()), "float": fmt.Sprintf("%d.25", at.Unix()), "text": fmt.Sprintf(`"%d.123456"`, at.Unix()),
		"dotnet": fmt.Sprintf(`"/Date(%d)/"`, at.UnixMilli()), "dotnet-escaped": fmt.Sprintf(`"\/Date(%d)\/"`, at.UnixMilli()),
		"mongo": fmt.Sprintf(`{"$date":%q}`, at.Format(time.RFC3339)), "firestore": fmt.Sprintf(`{"seconds":%d,"nanos":0}`, at.Unix()),
		"parts": at.Format("[2006,1,2,15,4]"), "days": fmt.Sprint(float64(at.Unix())/86400 + 25569), "ticks": fmt.Sprint(at.Unix()*1e7 + 621355968e9),
		"since-2001": fmt.Sprint(at.Unix() - 978307200), "compact": at.Format("20060102150405"),
	}
	for name, layout := range quoted {
		all[name] = `"` + at.Format(layout) + `"`
	}
	return all
}

// shapes are how content may say it, torn and odd ones among them.
func shapes(at time.Time) map[string]string {
	iso := at.Format(time.RFC3339)
	whole := `{"id":"x","updatedAt":"` + iso + `"}`
	long := `{"timestamp":"2026-01-01T00:00:00Z"}` + "\n"
	must := func(text string, err error) string {
		if err != nil {
			panic(err)
		}
		return text
	}
	return map[string]string{
		"bom": "\ufeff" + whole, "bom-twice": "\ufeff" + long + "\ufeff" + whole, "crlf": long + "\r\n" + whole + "\r\n", "cr": whole + "\r" + long,
		"nan": `{"score":NaN,"updatedAt":"` + iso + `"}`, "infinity": `{"score":-Infinity,"updatedAt":"` + iso + `"}`,
		"comment": "// thread\n" + whole, "comment-before": `{/* x */"updatedAt":"` + iso + `"}`, "zeros": strings.Repeat("\x00", 512) + whole,
		"zeros-between": long + strings.Repeat("\x00", 4096) + whole, "trailing-comma": `{"tags":["a",],"updatedAt":"` + iso + `"}`,
		"rs": "\x1e" + whole + "\n", "torn-line": `{"type":"user","timest` + "\n" + whole + "\n", "torn-value": `{"type":"user"` + "\n" + whole,
		"torn-tail": long + `{"timestamp":"` + iso[:15], "torn-in-date": `{"updatedAt":"` + iso[:18], "line-commas": long[:len(long)-1] + ",\n" + whole,
		"quotes": `{'updatedAt':'` + iso + `'}`, "no-quotes": `{updatedAt:"` + iso + `"}`, "yaml": "updatedAt: " + iso + "\n", "text": "last used " + iso,
		"first-line": `{"updatedAt":"` + iso + `"}` + "\n" + strings.Repeat(`{"text":"x"}`+"\n", 5000), "huge-line": `{"text":"` + strings.Repeat("x", 1<<20) +
			`","updatedAt":"` + iso + `"}`, "nested": strings.Repeat(`{"a":[`, 20) + whole + strings.Repeat(`]}`, 20),
		"sessions": `{"projects":{"p":{"sessions":[{"timestamp":"` + iso + `"}]}}}`, "other-names": `{"date":"` + iso + `"}`,
		"foreign-name": `{"zuletzt":"` + iso + `"}`, "file-times": fmt.Sprintf(`{"entries":[{"fileMtime":%d}]}`, at.UnixMilli()),
		"modified-time": `{"lastModifiedTime":"` + iso + `"}`, "created-first": `{"createdAt":"2026-01-01","updatedAt":"` + at.Format("2006-W01") + `"}`,
		"created-last": `{"updatedAt":"vor 1 Tag","createdAt":"2026-01-01"}`, "pretty-torn": "{\n \"a\": \"b,\n \"updatedAt\": \"" + iso + "\"\n}\n" + long,
		"far-future": `{"updatedAt":"2026-01-02","messages":[{"ts":4102444800}]}`, "year-9999": `{"updatedAt":"9999-12-31T23:59:59Z"}`,
		"utf-16":         must(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(whole)),
		"utf-16-no-mark": must(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(whole)),
		"utf-32":         must(utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewEncoder().String(whole)),
		"base64":         base64.StdEncoding.EncodeToString([]byte(whole)), "gzip-without-name": gzipped(whole), "zeros-only": strings.Repeat("\x00", len(whole)),
		"deep": strings.Repeat("[", 20000) + whole,
	}
}

// TestUnreadableIsNeverTakenForOld: threads with an old modification time whose
// content tells of yesterday, in ways that are known here or not, stay to the
// byte, plain or packed, and whoever is in doubt is counted.
func TestUnreadableIsNeverTakenForOld(t *testing.T) {
	t.Parallel()
	w := newFixture()
	yesterday := begin.Add(-day)
	for name, value := range notations(yesterday) {
		w.thread(threads+"n-"+name+".json", `{"id":1,"updatedAt":`+value+`,"createdAt":"2026-01-02T00:00:00Z"}`, 40*day)
		w.thread(threads+"c-"+name+".json.gz", gzipped(`{"timestamp":`+value+`}`+"\n"), 40*day)
	}
	for name, content := range shapes(yesterday) {
		w.thread(threads+"s-"+name+".json", content, 40*day)
		w.thread(threads+"z-"+name+".json.gz", gzipped(content), 40*day)
	}
	whole := gzipped(`{"updatedAt":"` + yesterday.Format(time.RFC3339) + `"}`)
	w.thread(threads+"g-cut.json.gz", whole[:len(whole)-9], 40*day)
	w.thread(threads+"g-twice.json.gz", whole+whole, 40*day)
	w.thread(threads+"g-plain.json.gz", `{"updatedAt":"`+yesterday.Format(time.RFC3339)+`"}`, 40*day)
	before := w.fs.Tree()
	s := w.run(t, testConfig())
	for path, file := range before {
		require.Equal(t, file, w.fs.Tree()[path], path)
	}
	require.Equal(t, s.Counts.Scanned, s.Counts.Kept+s.Counts.SkippedTotal())
	require.Greater(t, s.Counts.Kept, int64(110), "most can be read")
	require.Equal(t, int64(3), s.Counts.Skipped[policy.CorruptPacked])
	require.Equal(t, int64(4), s.Counts.Skipped[policy.FutureTime])
	require.Positive(t, s.Counts.Skipped[policy.UnreadableContent], "and the others are told of")
	require.Zero(t, s.Failed())
}

// TestWhatIsOldGoes: the same content, when it tells of long ago, is old where
// it can be read.
func TestWhatIsOldGoes(t *testing.T) {
	t.Parallel()
	w := newFixture()
	long := begin.Add(-100 * day)
	for name, value := range notations(long) {
		w.thread(threads+"n-"+name+".json", `{"id":1,"updatedAt":`+value+`,"createdAt":"2026-01-02T00:00:00Z"}`, 110*day)
	}
	for name, content := range shapes(long) {
		w.thread(threads+"s-"+name+".json", content, 110*day)
	}
	w.thread(threads+"empty.json", "", 110*day)
	w.thread(threads+"no-date.json", `{"messages":["x"]}`, 110*day)
	total := int64(len(notations(long)) + len(shapes(long)) + 2)
	s := w.run(t, testConfig())
	require.Equal(t, total, s.Counts.Scanned)
	require.Equal(t, int64(2), s.Counts.Skipped[policy.FutureTime])
	var left []string
	for path := range w.contents(t) {
		if name, ok := strings.CutPrefix(path, threads); ok {
			left = append(left, strings.TrimSuffix(name, ".json"))
		}
	}
	require.ElementsMatch(t, []string{
		"n-week", "n-unknown", "n-parts", "n-days", "n-ticks", "n-since-2001", "s-trailing-comma", "s-torn-tail", "s-torn-in-date", "s-quotes",
		"s-no-quotes", "s-yaml", "s-text", "s-comment-before", "s-created-first", "s-created-last", "s-pretty-torn", "s-base64", "s-gzip-without-name",
		"s-zeros-only", "s-deep", "s-far-future", "s-year-9999",
	}, left)
	require.Equal(t, total-int64(len(left)), s.Counts.Deleted)
	require.Equal(t, int64(len(left)-2), s.Counts.Skipped[policy.UnreadableContent])
}

// TestATwinThatCanNotBeReadKeepsTheOther: half of a thread does not go on the word of the other half.
func TestATwinThatCanNotBeReadKeepsTheOther(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.thread(threads+"a.json", `{"updatedAt":"2026-01-02"}`, 40*day)
	w.thread(threads+"a.json.gz", gzipped(`{"updatedAt":"vorhin"}`), 40*day)
	w.thread(threads+"b.json.gz", gzipped(`{"updatedAt":"2026-01-02"}`), 40*day)
	w.thread(threads+"b.json", `{"updatedAt":"2099-01-02"}`, 40*day)
	before := w.contents(t)
	s := w.run(t, testConfig())
	require.Equal(t, before, w.contents(t))
	require.Equal(t, int64(2), s.Counts.Skipped[policy.UnreadableContent])
	require.Equal(t, int64(1), s.Counts.Skipped[policy.TwinInUse])
}

// TestUnreadableContentKeepsTheWorkspace, too, and the report says so.
func TestUnreadableContentKeepsTheWorkspace(t *testing.T) {
	t.Parallel()
	w := newFixture()
	w.thread("acme/bob/metadata.json", `{"lastActiveAt":"vorhin"}`, 100*day)
	for path := range w.fs.Tree() {
		w.fs.Edit(path, func(i *fsx.Info) { i.ModTime = begin.Add(-100 * day).UnixNano() })
	}
	before := w.contents(t)
	c := testConfig()
	c.Ages.Archive = 90 * day
	s := w.run(t, c)
	require.Equal(t, before, w.contents(t))
	require.Zero(t, s.Counts.Archived)
	require.Equal(t, int64(1), s.Counts.Skipped[policy.UnreadableContent])
}

// TestWhatIsNoThreadStays: indexes and settings in a threads directory, and one that an
// earlier release was taking away when it was killed.
func TestWhatIsNoThreadStays(t *testing.T) {
	t.Parallel()
	w := newFixture()
	for _, name := range []string{"sessions-index.json", "index.json", "settings.json", "settings.local.json", "sessions-index.json.gz", "threadIndex.json"} {
		w.thread(threads+name, `{"version":1}`, 400*day)
	}
	before := w.contents(t)
	aside := filetype.Work{
		Original: "config.json", Started: begin.Add(-day), Tag: "0123abcd", Purpose: filetype.PurposeDeletion,
		Size: 2, ModTime: begin.Add(-400 * day).UnixNano(),
	}
	w.thread(threads+aside.Name(), `{}`, 400*day)
	s := w.run(t, testConfig())
	before[threads+"config.json"] = `9600h0m0s "{}"`
	require.Equal(t, before, w.contents(t))
	require.Equal(t, int64(6), s.Counts.Skipped[policy.Unrecognised])
	require.Equal(t, int64(1), s.Counts.Restored)
	require.Zero(t, s.Counts.Scanned)
}
