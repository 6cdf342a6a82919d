package policy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/functions/cleanup/filetype"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

var now = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func file(class filetype.Class, age time.Duration) Thread {
	return Thread{Class: class, Info: fsx.Info{Kind: fsx.KindFile, ModTime: now.Add(-age).UnixNano(), Links: 1}}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	cases := []struct {
		class    filetype.Class
		age      time.Duration
		activity time.Duration // ago; 0 for none
		want     Action
	}{
		{filetype.Plain, 0, 0, Keep},
		{filetype.Plain, 7*day - 1, 0, Keep},
		{filetype.Plain, 7 * day, 0, Compress},
		{filetype.Plain, 30*day - 1, 0, Compress},
		{filetype.Plain, 30 * day, 0, Delete},
		{filetype.Packed, 7 * day, 0, Keep},
		{filetype.Packed, 30*day - 1, 0, Keep},
		{filetype.Packed, 30 * day, 0, Delete},
		{filetype.Plain, 30 * day, 6 * day, Keep},
		{filetype.Plain, 30 * day, 8 * day, Compress},
		{filetype.Packed, 30 * day, 8 * day, Keep},
		{filetype.Plain, 6 * day, 40 * day, Keep},
		{filetype.Plain, 8 * day, 40 * day, Compress},
		{filetype.Plain, 40 * day, 35 * day, Delete},
		{filetype.Plain, -day, 0, Keep},
		{filetype.Plain, 40 * day, -day, Keep},
		{filetype.Plain, 200 * 365 * day, 0, Delete},
	}
	ages := DefaultAges()
	for _, c := range cases {
		f := file(c.class, c.age)
		if c.activity != 0 {
			f.Activity = now.Add(-c.activity)
		}
		require.Equal(t, c.want, ages.Decide(f, now), "%+v", c)
	}
}

// Reading a thread's content may be put off until its modification time alone
// asks for something, only if what is read can't ask for more.
func TestActivityOnlyMakesMilder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := file(rapid.SampledFrom([]filetype.Class{filetype.Plain, filetype.Packed}).Draw(t, "class"),
			time.Duration(rapid.Int64Range(int64(-10*day), int64(100*day)).Draw(t, "age")))
		without := DefaultAges().Decide(f, now)
		f.Activity = now.Add(-time.Duration(rapid.Int64Range(int64(-10*day), int64(100*day)).Draw(t, "activity")))
		if with := DefaultAges().Decide(f, now); with > without {
			t.Fatalf("%s became %s", without, with)
		}
	})
}

func TestObstacle(t *testing.T) {
	t.Parallel()
	cases := map[Reason]func(*fsx.Info){
		None:       func(*fsx.Info) {},
		NotAFile:   func(i *fsx.Info) { i.Kind = fsx.KindSymlink },
		MountPoint: func(i *fsx.Info) { i.Mount = true },
		HardLinked: func(i *fsx.Info) { i.Links = 2 },
		FutureTime: func(i *fsx.Info) { i.ModTime = now.UnixNano() + 1 },
	}
	for want, change := range cases {
		info := file(filetype.Plain, 0).Info
		change(&info)
		require.Equal(t, want, Obstacle(info, now))
	}
	for _, kind := range []fsx.Kind{fsx.KindDir, fsx.KindOther} {
		require.Equal(t, NotAFile, Obstacle(fsx.Info{Kind: kind, Links: 1}, now))
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	require.Empty(t, DefaultAges().Faults())
	require.Empty(t, Ages{Compress: 1, Delete: 2, Archive: 2}.Faults())
	keys := func(a Ages) (all []string) {
		for _, f := range a.Faults() {
			require.NotEmpty(t, f.Expected)
			all = append(all, f.Key+"="+f.Value)
		}
		return all
	}
	require.Equal(t, []string{"compress-after=0s", "delete-after=0s"}, keys(Ages{}))
	require.Equal(t, []string{"delete-after=1h0m0s"}, keys(Ages{Compress: time.Hour, Delete: time.Hour}))
	require.Equal(t, []string{"archive-after=-1s"}, keys(Ages{Compress: 1, Delete: 2, Archive: -time.Second}))
	require.Equal(t, []string{"archive-after=1ns"}, keys(Ages{Compress: 1, Delete: 2, Archive: 1}))
}

func TestReasonsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Reasons() {
		require.NotEmpty(t, r.String())
		require.False(t, seen[r.String()], r.String())
		seen[r.String()] = true
	}
	require.Len(t, seen, ReasonCount-1)
}
