package archive

import (
	"maps"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/functions/cleanup/aside"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/fsxtest/fault"
)

func TestArchiveHoldsEverythingButWhatIsMadeAgain(t *testing.T) {
	t.Parallel()
	s := newFixture()
	want := s.workspace("bob")
	require.Len(t, want, 53, "files, links and directories as built")
	require.NoError(t, s.create(t, nil))
	require.Equal(t, want, s.archived(t, final))
	require.NotContains(t, s.fs.Tree(), "bob", "it is out of the way")
	require.Equal(t, want, s.workspace("_archive/"+s.work.Name()), "and still whole")

	result, err := s.finish(t, nil)
	require.NoError(t, err)
	require.Equal(t, Removed, result.Outcome)
	require.Equal(t, want, s.archived(t, final))
	tree := s.fs.Tree()
	require.Len(t, tree, 4)
	require.Contains(t, tree, "jane/metadata.json")
	require.Positive(t, result.Freed)
}

func TestTooEarlyToFinish(t *testing.T) {
	t.Parallel()
	s := newFixture()
	require.NoError(t, s.create(t, nil))
	was := s.fs.Tree()
	for _, now := range []time.Time{begin.Add(settle - 1), begin.Add(-time.Hour)} {
		result, err := Finish(t.Context(), s.fs.Root(), s.work, Settling{Now: now, Time: settle})
		require.NoError(t, err)
		require.Equal(t, Waiting, result.Outcome)
		require.Equal(t, was, s.fs.Tree())
	}
}

func TestWhatCanNotBeArchivedStays(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(*fixture)
		want    error
	}{
		"pipe":             {func(s *fixture) { s.fs.Special("bob/project/pipe") }, ErrSpecial},
		"mount point":      {func(s *fixture) { s.fs.Edit("bob/project/src", func(i *fsx.Info) { i.Mount = true }) }, fsx.ErrMount},
		"mounted left-out": {func(s *fixture) { s.fs.Edit("bob/project/node_modules", func(i *fsx.Info) { i.Mount = true }) }, fsx.ErrMount},
		"too large":        {func(s *fixture) { s.fs.Write("bob/big", make([]byte, limit+1), 0) }, ErrTooLarge},
		"too deep":         {func(s *fixture) { s.fs.MkdirAll("bob/" + strings.Repeat("d/", 80) + "d") }, ErrTooLarge},
		"unfinished thread": {func(s *fixture) {
			s.fs.Write("bob/.claude/threads/.x.json.cleanup-1-0123abcd-0-0.delete", nil, 0)
		}, ErrPending},
		"full disk":           {func(s *fixture) { s.fs.SetFull(true) }, syscall.ENOSPC},
		"archives are a link": {func(s *fixture) { s.fs.Symlink("jane", "_archive") }, fsx.ErrKind},
		"archives are a file": {func(s *fixture) { s.fs.Write("_archive", nil, 0) }, fsx.ErrKind},
		"workspace is a link": {func(s *fixture) { s.fs.Delete("bob"); s.fs.Symlink("jane", "bob") }, fsx.ErrKind},
		"name is too long": {func(s *fixture) {
			long := strings.Repeat("b", 230)
			s.fs.Write(long+"/metadata.json", nil, 0)
		}, ErrName},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFixture()
			c.prepare(s)
			was := s.fs.Tree()
			user := "bob"
			if c.want == ErrName { //nolint:errorlint // the case's own value
				user = strings.Repeat("b", 230)
			}
			_, err := Create(t.Context(), Job{Client: s.fs.Root(), User: user, Now: begin, Tag: "0123abcd", Limit: limit})
			require.ErrorIs(t, err, c.want)
			is := s.fs.Tree()
			if _, before := was["_archive"]; !before {
				delete(is, "_archive")
			}
			require.Equal(t, was, is)
		})
	}
}

// meddler does something right before one operation.
type meddler struct {
	meddling
	fixture       *fixture
	target, count int
	spared        bool
}

func (m *meddler) Before(op fault.Op) error {
	if m.count == m.target {
		if m.spared = m.inTheGap(op); !m.spared {
			m.act(m.fixture)
		}
	}
	m.count++
	return nil
}

func (m *meddler) After(fault.Op) error { return nil }

// inTheGap is the time from the last look at a file to its removal. No system
// call closes it; the settling time, in which nobody who has the file open is
// silent, has passed before it begins.
func (m *meddler) inTheGap(op fault.Op) bool {
	return m.changes != "" && strings.HasSuffix(m.fixture.place(), ".removing") && strings.HasSuffix(m.changes, "/"+op.Name) &&
		(op.Call == "close" || op.Call == "remove")
}

// place finds the workspace wherever it is at the moment.
func (s *fixture) place() string {
	for _, name := range s.hidden() {
		if strings.HasSuffix(name, ".checking") || strings.HasSuffix(name, ".removing") {
			return "_archive/" + name
		}
	}
	return "bob"
}

// meddling is what somebody with the workspace open may do to it at any moment.
type meddling struct {
	act     func(s *fixture)
	kept    string // must be found afterwards
	changes string // the file whose old content the meddler itself does away with, or adds to
}

var meddlings = map[string]meddling{
	"append": {
		func(s *fixture) { s.fs.Append(s.place()+"/project/src/index.astro", []byte("more")) }, "more", "project/src/index.astro",
	},
	"rewrite, same size": {
		func(s *fixture) {
			path, page := s.place()+"/project/src/index.astro", []byte(strings.Repeat("Page ", 5000))
			if _, there := s.fs.Tree()[path]; there {
				s.fs.Overwrite(path, page)
				return
			}
			s.fs.Write(path, page, 1)
		},
		strings.Repeat("Page ", 5000), "project/src/index.astro",
	},
	"new file":      {func(s *fixture) { s.fs.Write(s.place()+"/project/src/new.astro", []byte("brand new"), 1) }, "brand new", ""},
	"new directory": {func(s *fixture) { s.fs.Write(s.place()+"/fresh/new.txt", []byte("brand new"), 1) }, "brand new", ""},
	"user is back":  {func(s *fixture) { s.fs.Write("bob/metadata.json", []byte("back"), 1) }, "back", "metadata.json"},
}

// TestMeddlingAtEveryMoment: whatever happens before whichever operation, no
// content is lost: what was there before, and what was written, is in a
// workspace or in a complete archive.
func TestMeddlingAtEveryMoment(t *testing.T) {
	t.Parallel()
	for name, m := range meddlings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spared := 0
			for target := 0; ; target += stride(7) {
				s := newFixture()
				was := s.workspace("bob")
				hook := &meddler{meddling: m, fixture: s, target: target}
				if s.create(t, hook) == nil {
					_, _ = s.finish(t, hook)
				}
				if hook.count <= target {
					require.Greater(t, target, 200, "too few operations to be true")
					require.LessOrEqual(t, spared, 2)
					return
				}
				if hook.spared {
					spared++
					continue
				}
				s.requireKept(t, was, m, target)
			}
		})
	}
}

// requireKept looks for all old content, and the new, everywhere.
func (s *fixture) requireKept(t *testing.T, was map[string]string, m meddling, target int) {
	t.Helper()
	found, all := map[string]bool{}, ""
	places := []map[string]string{s.workspace("bob"), s.workspace(s.place())}
	if _, ok := s.fs.Tree()[final]; ok {
		places = append(places, s.archived(t, final))
	}
	for _, place := range places {
		for path, text := range place {
			found[path+text] = true
			all += text
		}
	}
	require.Contains(t, all, m.kept, "before operation %d", target)
	for path, text := range was {
		if path != m.changes {
			require.True(t, found[path+text], "%q is lost before operation %d", path, target)
		}
	}
	if m.kept == "more" {
		require.Contains(t, all, strings.Repeat("page ", 5000), "before operation %d", target)
	}
}

// TestLateChangesGiveTheWorkspaceBack: a change while it settles leaves the
// user with the whole workspace.
func TestLateChangesGiveTheWorkspaceBack(t *testing.T) {
	t.Parallel()
	for name, m := range meddlings {
		if name == "user is back" {
			continue
		}
		s := newFixture()
		require.NoError(t, s.create(t, nil))
		m.act(s)
		want := s.workspace(s.place())
		result, err := s.finish(t, nil)
		require.NoError(t, err, name)
		require.Equal(t, Restored, result.Outcome, name)
		require.Equal(t, want, s.workspace("bob"), name)
		require.Empty(t, s.hidden())

		require.NoError(t, s.create(t, nil), "the next time a new archive is made")
		result, err = s.finish(t, nil)
		require.NoError(t, err)
		require.Equal(t, Removed, result.Outcome)
		require.Equal(t, want, s.archived(t, "_archive/bob-2026-07-01.2.tar.gz"), name)
	}
}

func TestAUserWhoIsBackKeepsTheNewWorkspace(t *testing.T) {
	t.Parallel()
	s := newFixture()
	want := s.workspace("bob")
	require.NoError(t, s.create(t, nil))
	s.fs.Write("bob/metadata.json", []byte("back"), 1)
	result, err := s.finish(t, nil)
	require.NoError(t, err)
	require.Equal(t, Removed, result.Outcome)
	require.Equal(t, "back", s.fs.Tree()["bob/metadata.json"].Data)
	require.Equal(t, want, s.archived(t, final))

	s = newFixture()
	require.NoError(t, s.create(t, nil))
	m := meddlings["append"]
	m.act(s)
	s.fs.Write("bob/metadata.json", []byte("back"), 1)
	was := s.fs.Tree()
	_, err = s.finish(t, nil)
	require.ErrorIs(t, err, ErrDiffers, "neither can it be removed nor given back")
	require.Equal(t, was, s.fs.Tree())
}

// TestADamagedArchiveRemovesNothing, whatever the damage and the stage. An
// archive counts as whole only if another gzip reader reads all of it as well.
func TestADamagedArchiveRemovesNothing(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	for _, stage := range []Stage{StageChecking, StageRemoving} {
		for n := range scale(60) {
			s := newFixture()
			require.NoError(t, s.create(t, nil))
			if stage == StageRemoving {
				require.NoError(t, s.fs.Root().MoveDir(s.work.place(StageChecking), s.work.place(stage)))
				s.work = s.work.at(stage)
			}
			want := s.workspace(s.place())
			damaged := []byte(s.fs.Tree()[final].Data)
			at := random.IntN(len(damaged))
			if n%2 == 0 {
				damaged = damaged[:at]
			} else {
				damaged[at] ^= byte(1 + random.IntN(255))
			}
			s.fs.Write(final, damaged, 1)
			result, err := s.finish(t, nil)
			switch {
			case result.Outcome == Removed:
				require.NotZero(t, n%2, "it was cut short")
				require.Equal(t, want, s.archived(t, final), "a bit that no reader looks at, of the header or between blocks")
			case stage == StageChecking:
				require.NoError(t, err)
				require.Equal(t, Restored, result.Outcome)
				require.Equal(t, want, s.workspace("bob"))
			default:
				require.Error(t, err)
				require.Equal(t, want, s.workspace(s.place()))
			}
		}
	}
}

// TestEveryOperationGoesWrong: after any fault, death or loss of power nothing
// is lost, and doing it again arrives where an undisturbed run arrives.
func TestEveryOperationGoesWrong(t *testing.T) {
	t.Parallel()
	want := newFixture().workspace("bob")
	for target := int64(0); ; target += int64(stride(2)) {
		var count int64
		for _, mode := range some(fault.Modes(), target) {
			hook := &fault.At{Target: target, Mode: mode, Err: []error{syscall.EIO, syscall.ENOSPC, aside.ErrChanged}[target%3]}
			s := newFixture()
			if s.create(t, hook) == nil {
				_, _ = s.finish(t, hook)
			}
			count = hook.Count()
			if hook.Killed() && target%2 == 0 {
				s.fs.Crash(rand.New(rand.NewPCG(uint64(target), uint64(mode))))
			}
			s.requireSafe(t, want, target)
			s.carryOn(t)
			require.Equal(t, want, s.archived(t, s.newest(t)), "operation %d", target)
			require.NotContains(t, s.fs.Tree(), "bob", "operation %d", target)
			for _, name := range s.hidden() {
				require.True(t, strings.HasSuffix(name, ".tmp"), "operation %d left %s", target, name)
			}
		}
		if count <= target {
			require.Greater(t, target, int64(200))
			return
		}
	}
}

// requireSafe checks that everything is in the workspace, or in a complete archive.
func (s *fixture) requireSafe(t *testing.T, want map[string]string, target int64) {
	t.Helper()
	if maps.Equal(want, s.workspace("bob")) || maps.Equal(want, s.workspace(s.place())) {
		return
	}
	require.Equal(t, want, s.archived(t, s.newest(t)), "operation %d", target)
}

func (s *fixture) newest(t *testing.T) string {
	t.Helper()
	newest := ""
	for path := range s.fs.Tree() {
		if strings.HasPrefix(path, "_archive/bob-") {
			newest = max(newest, path)
		}
	}
	require.NotEmpty(t, newest)
	return newest
}

// carryOn does what later runs do.
func (s *fixture) carryOn(t *testing.T) {
	t.Helper()
	for range 3 {
		for _, name := range s.hidden() {
			w, ok := ParseWork(name)
			require.True(t, ok, name)
			if w.Stage == StageTemp {
				continue
			}
			s.work = w
			_, err := s.finish(t, nil)
			require.NoError(t, err)
		}
		if _, there := s.fs.Tree()["bob"]; there {
			require.NoError(t, s.create(t, nil))
		}
	}
}
