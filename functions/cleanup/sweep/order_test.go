package sweep

import (
	"fmt"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestEachNameIsSortedAndCompleteWhateverTheBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newFixture()
		want := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c]{1,4}`), 0, 40, rapid.ID[string]).Draw(t, "names")
		for _, name := range want {
			w.fs.MkdirAll(name)
		}
		sort.Strings(want)
		var got []string
		err := eachName(t.Context(), w.fs.Root(), rapid.IntRange(1, 50).Draw(t, "limit"), func(name string) error {
			got = append(got, name)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
	})
}

// The passes from any cursor cover every entry of every user exactly once.
func TestPassesCoverEverythingOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		cursor := Position{Client: name.Draw(t, "client"), User: name.Draw(t, "user"), Entry: rapid.IntRange(0, 5).Draw(t, "entry")}
		if rapid.Bool().Draw(t, "none") {
			cursor = Position{}
		}
		seen := map[string]int{}
		for i, p := range passesFrom(cursor) {
			for _, client := range []string{"a", "b", "c"} {
				for _, user := range []string{"a", "b", "c", "d"} {
					s, ok := p.covers(client, user)
					if !ok || !p.coversClient(client) {
						continue
					}
					for entry := s.from; entry < 5 && (s.to == 0 || entry < s.to); entry++ {
						seen[fmt.Sprint(client, user, entry)]++
						first := i == 0
						at := Position{Client: client, User: user, Entry: entry}
						late := !at.before(cursor) && (cursor.before(at) || entry >= cursor.Entry)
						require.Equal(t, first, late || cursor.zero(), "%+v in pass %d from %+v", at, i, cursor)
					}
				}
			}
		}
		require.Len(t, seen, 3*4*5)
		for at, n := range seen {
			require.Equal(t, 1, n, at)
		}
	})
}

func TestTrackerFindsTheFirstUnfinishedPlace(t *testing.T) {
	t.Parallel()
	tr := newTracker()
	a := tr.begin("c", "a", span{})
	b := tr.begin("c", "b", span{from: 100})
	first, second := tr.chunk(a, 64), tr.chunk(a, 128)
	third := tr.chunk(b, 164)
	pos, open := tr.first()
	require.Equal(t, Position{"c", "a", 0}, pos)
	require.Len(t, open, 2)
	tr.completed(a, first)
	pos, _ = tr.first()
	require.Equal(t, Position{"c", "a", 64}, pos)
	tr.completed(a, second)
	pos, _ = tr.first()
	require.Equal(t, Position{"c", "a", 128}, pos, "its listing has not ended")
	tr.allListed(a)
	<-a.idle
	pos, _ = tr.first()
	require.Equal(t, Position{"c", "b", 100}, pos)
	tr.allListed(b)
	tr.completed(b, third)
	pos, open = tr.first()
	require.Equal(t, Position{}, pos)
	require.Empty(t, open)
	require.Equal(t, int64(1), tr.users(), "the rest of a user is not another user")
}
