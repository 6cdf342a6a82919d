package filetype

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	packed := Work{Original: "a.json", Started: time.UnixMilli(5), Tag: "0123abcd", Purpose: PurposePacked}
	temp := Work{Original: "a.json.gz", Started: time.UnixMilli(5), Tag: "0123abcd", Purpose: PurposeTemp}
	cases := map[string]Class{
		"thread-abc123.json": Plain, "x.json.gz": Packed, "a b\n.json": Plain, "\xff.json": Plain,
		"x.gz.json": Plain, "x.json.json": Plain, "x.json.gz.json.gz": Packed,
		".json": Foreign, ".json.gz": Foreign, "json": Foreign, "": Foreign, ".": Foreign, "..": Foreign,
		".hidden.json": Foreign, "x.JSON": Foreign, "x.json.bak": Foreign, "x.json~": Foreign, "x.jsongz": Foreign,
		"user.txt": Foreign, "x.json.": Foreign, "x.gz": Foreign, ".a.json.cleanup-1-0123abcd-0-0.": Foreign,
		packed.Name(): Aside, temp.Name(): Temp, packed.Name() + "x": Foreign, packed.Name()[1:]: Foreign,
		strings.ToUpper(packed.Name()): Foreign,
	}
	for _, base := range []string{
		"index", "sessions-index", "sessionsIndex", "SessionsIndex", "sessions_index", "thread.index", "index.v2", "index-2", "settings", "settings.local",
		"claude-settings", "SETTINGS", "config", "app-config", "metadata", "session-metadata", "threads", "sessions", "history", "chat-history", "state",
		"manifest", "package", "package-lock", "tsconfig", "mcp-servers", "todos", "user", "users", "project", "permissions", "2026-index", "_index",
		"current", "latest-session", "last_thread", "activeChat", "session-map", "known_marketplaces", "installed_plugins", "remote-settings",
		"policy-limits", "mcp-needs-auth-cache", "stats-cache", "session-env", "feature-flags", "window-state", "thread-ids", "backup-2",
	} {
		cases[base+".json"], cases[base+".json.gz"] = Foreign, Foreign
	}
	for _, base := range []string{
		"thread-1", "thread", "session", "session-1", "chat-7f3a", "fix-the-index", "index-page-layout", "new-settings-page", "settings-are-broken",
		"user-123", "2026-11-28", "7f3a", "old", "used", "indexing", "reindex", "conversation-b", "0", "ünïcode-index", "3f2b8c1e-index-4d",
		"a-very-long-word-that-is-in-no-list-at-all", "msg_index_entries-of-bob", "current-prices-page", "auth-error-on-login", "last-minute-fix", "map-of-stores",
	} {
		cases[base+".json"], cases[base+".json.gz"] = Plain, Packed
	}
	for name, want := range cases {
		require.Equal(t, want, Classify(name), "%q", name)
	}
}

func TestTwinsAndDerivedNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, Name{"x.json.gz", Packed}, ParseName("x.json").Twin())
	require.Equal(t, Name{"x.json", Plain}, ParseName("x.json.gz").Twin())
	w := Work{Original: "x.json", Tag: "0123abcd", Purpose: PurposePacked}
	require.Equal(t, "x.recovered-0123abcd.json", w.RecoveredName())
	w.Original = "x.json.gz"
	require.Equal(t, "x.recovered-0123abcd.json.gz", w.RecoveredName())
	require.Equal(t, Packed, Classify(w.RecoveredName()))
}

func drawWork(t *rapid.T) Work {
	base := rapid.StringOfN(rapid.Rune(), 1, 60, 120).Filter(func(s string) bool {
		return fsx.CheckName(s) == nil && !strings.HasPrefix(s, ".")
	}).Draw(t, "base")
	purpose := rapid.SampledFrom([]Purpose{PurposeTemp, PurposePacked, PurposeDeletion}).Draw(t, "purpose")
	original := base + ".json"
	if purpose == PurposeTemp || purpose == PurposeDeletion && rapid.Bool().Draw(t, "gz") {
		original += ".gz"
	}
	return Work{
		Original: original, Started: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "started")),
		Tag: rapid.StringMatching("[0-9a-f]{8}").Draw(t, "tag"), Purpose: purpose,
		ModTime: rapid.Int64().Draw(t, "mtime"), Size: rapid.Int64Min(0).Draw(t, "size"),
	}
}

func TestWorkNamesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWork(t)
		back, ok := ParseWork(w.Name())
		if !ok || back != w {
			t.Fatalf("%q decoded as %+v, %v; want %+v", w.Name(), back, ok, w)
		}
		if fsx.CheckName(w.Name()) != nil || strings.HasSuffix(w.Name(), ".json") || strings.HasSuffix(w.Name(), ".gz") {
			t.Fatalf("%q would be taken for a thread", w.Name())
		}
	})
}

func TestWorkFitsExactlyWhatADirectoryAllows(t *testing.T) {
	t.Parallel()
	for length := range 300 {
		w := Work{Original: strings.Repeat("x", length) + ".json", Tag: "0123abcd", Purpose: PurposeDeletion, ModTime: -1, Size: 1 << 40}
		longest := max(len(w.Name()), len(w.RecoveredName()), len(PackedName(w.Original)))
		require.Equal(t, longest <= fsx.MaxName, w.Fits(), "length %d", length)
	}
}

func TestUntouched(t *testing.T) {
	t.Parallel()
	w := Work{ModTime: 7, Size: 9}
	info := fsx.Info{Kind: fsx.KindFile, ModTime: 7, Size: 9}
	require.True(t, w.Untouched(info))
	for _, change := range []func(*fsx.Info){
		func(i *fsx.Info) { i.Kind = fsx.KindDir },
		func(i *fsx.Info) { i.ModTime++ },
		func(i *fsx.Info) { i.Size++ },
	} {
		other := info
		change(&other)
		require.False(t, w.Untouched(other))
	}
}

// What an earlier release moved aside is known for what it is, and that it is
// no thread by today's rule.
func TestAsideOfWhatIsNoThread(t *testing.T) {
	t.Parallel()
	w := Work{Original: "index.json", Started: time.UnixMilli(5), Tag: "0123abcd", Purpose: PurposeDeletion}
	back, ok := ParseWork(w.Name())
	require.True(t, ok)
	require.Equal(t, w, back)
	require.False(t, back.Thread())
	w.Original = "thread-1.json"
	require.True(t, w.Thread())
}

func TestClassifyDoesNotAllocate(t *testing.T) { //nolint:paralleltest // counts allocations
	for _, name := range []string{"thread-abc123.json", "sessions-index.json.gz", "sessionsIndex.json", strings.Repeat("x", 200) + ".json"} {
		require.Zero(t, testing.AllocsPerRun(10, func() { Classify(name) }), name)
	}
}

// FuzzNames: whatever a name is, it is never taken for a work file that no run
// would have made, and what is derived from it stays a plain name.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"thread-1.json", "x.json.gz", ".x.json.cleanup-5-0123abcd-0-0.packed", ".x.json.cleanup-5-0123abcd-0-ffffffffffffffff.delete",
		".x.json.cleanup-05-0123abcd-0-0.packed", ".../.json", "..json", ".cleanup-..", "a\x00.json", "sessions-index.json", "IndexV2.json.gz", strings.Repeat("y", 260) + ".json",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		class := Classify(name)
		w, ok := ParseWork(name)
		if ok != (class == Temp || class == Aside) {
			t.Fatalf("%q: class %d, parsed %v", name, class, ok)
		}
		if ok && (w.Name() != name || strings.HasPrefix(w.Original, ".") || w.Size < 0) {
			t.Fatalf("%q parsed as %+v", name, w)
		}
		if class == Plain || class == Packed {
			if twin := ParseName(name).Twin(); twin.Twin() != ParseName(name) || ParseName(twin.Text) != twin || twin.Class == class {
				t.Fatalf("%q has the twin %q", name, twin)
			}
		}
	})
}
