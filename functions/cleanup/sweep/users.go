package sweep

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/webordinary/live-edit/functions/cleanup/archive"
	"github.com/webordinary/live-edit/functions/cleanup/fsx"
	"github.com/webordinary/live-edit/functions/cleanup/policy"
	"github.com/webordinary/live-edit/functions/cleanup/report"
)

// place is where the enumeration stands: a pass and a position in it.
type place struct {
	pass int
	pos  Position
	done bool // the user at pos was handed out
}

// enumerate hands out every user in order. If it has to stop, it returns the
// first place that it did not hand out.
func (r *run) enumerate(ctx context.Context, passes []pass, tasks chan<- task) (place, bool, error) {
	var at place
	for i, p := range passes {
		at = place{pass: i, pos: p.from}
		err := r.eachUser(ctx, p, func(client *sharedDir, user string, s span) error {
			at.pos, at.done = Position{Client: client.name, User: user, Entry: s.from}, false
			if stopped(ctx) {
				return errStopped
			}
			t := task{client: client.hold(), user: user, span: s}
			if user != "" {
				t.track = r.track.begin(client.name, user, s)
			}
			select {
			case tasks <- t:
				at.done = true
				return nil
			case <-ctx.Done():
				client.release(r)
				at.done = true // the tracker knows that it was begun
				return errStopped
			}
		})
		if isStop(err) {
			return at, true, nil
		}
		if err != nil {
			return at, true, err
		}
	}
	return at, false, nil
}

// eachUser calls fn for every user that a pass covers, and before a client's
// users once for the client itself, with no user.
func (r *run) eachUser(ctx context.Context, p pass, fn func(client *sharedDir, user string, s span) error) error {
	return eachName(ctx, r.root, batch, func(client string) error {
		if !isWorkspaceName(client) || !p.coversClient(client) {
			return nil
		}
		dir, err := r.root.OpenDir(client)
		if err != nil {
			r.skip(Position{Client: client}, err, policy.NotADirectory)
			return nil
		}
		shared := share(dir, client)
		defer shared.release(r)
		if err := fn(shared, "", span{}); err != nil {
			return err
		}
		err = eachName(ctx, dir, batch, func(user string) error {
			s, ok := p.covers(client, user)
			if !ok || !isWorkspaceName(user) {
				return nil
			}
			return fn(shared, user, s)
		})
		if err != nil && !isStop(err) {
			r.skip(Position{Client: client}, err, policy.NotADirectory)
			return nil
		}
		return err
	})
}

// isWorkspaceName tells clients and users from what else lies beside them.
func isWorkspaceName(name string) bool {
	return !strings.HasPrefix(name, ".") && name != archive.Dir
}

// countFrom counts the users from a place on, as far as there is time, but for
// those in known. The user at whom the passes are cut belongs to two of them
// and counts once.
func (r *run) countFrom(passes []pass, at place, known map[Position]bool) (int64, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), countTime)
	defer cancel()
	var count int64
	for i := at.pass; i < len(passes); i++ {
		p := passes[i]
		if i == at.pass && !at.pos.zero() {
			p.from = at.pos
		}
		err := r.eachUser(ctx, p, func(client *sharedDir, user string, s span) error {
			pos := Position{Client: client.name, User: user}
			if user == "" || known[pos] {
				return nil
			}
			if s != (span{}) {
				known[pos] = true
			}
			count++
			return nil
		})
		if err != nil {
			return count, false
		}
	}
	return count, true
}

// threadsPath leads from a user's directory to the threads.
var threadsPath = [...]string{".claude", "threads"}

// openThreads opens a user's threads directory; nil if there is none.
func openThreads(client fsx.Dir, user string) (fsx.Dir, error) {
	dir, err := client.OpenDir(user)
	for _, name := range threadsPath {
		if err != nil {
			return nil, err
		}
		sub, subErr := dir.OpenDir(name)
		closeErr := dir.Close()
		if errors.Is(subErr, fs.ErrNotExist) {
			return nil, closeErr
		}
		if dir, err = sub, subErr; err == nil && closeErr != nil {
			err = errors.Join(closeErr, sub.Close())
		}
	}
	return dir, err
}

// user lists one user's threads and cuts them into chunks.
func (r *run) user(ctx context.Context, t task, chunks chan<- chunk) {
	defer t.client.release(r)
	if stopped(ctx) {
		return
	}
	if t.user == "" {
		r.archives(ctx, t.client)
		return
	}
	at := Position{Client: t.client.name, User: t.user}
	dir, err := openThreads(t.client, t.user)
	if err != nil {
		r.skip(at, err, policy.NotADirectory)
	}
	if dir != nil && err == nil {
		shared := share(dir, at.Client+"/"+at.User)
		err = r.list(ctx, shared, t, chunks)
		shared.release(r)
		if isStop(err) {
			return // the tracker knows how far it got
		}
		if err != nil {
			r.skip(at, err, policy.NotADirectory)
		}
	}
	r.track.allListed(t.track)
	if err := r.archive(ctx, t); err != nil {
		r.skip(at, err, policy.NotADirectory)
	}
}

func (r *run) list(ctx context.Context, dir *sharedDir, t task, chunks chan<- chunk) error {
	for seen := 0; t.span.to == 0 || seen < t.span.to; {
		names, err := dir.Names(chunkSize)
		if t.span.to > 0 {
			names = names[:min(len(names), t.span.to-seen)]
		}
		first := seen
		seen += len(names)
		if skip := min(max(t.span.from-first, 0), len(names)); skip > 0 {
			names = names[skip:]
		}
		if len(names) > 0 {
			c := chunk{dir: dir.hold(), client: t.client.name, user: t.user, names: names, track: t.track}
			c.id = r.track.chunk(t.track, seen)
			select {
			case chunks <- c:
			case <-ctx.Done():
				dir.release(r)
				return errStopped
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// skip counts and logs something that was left alone because of an error.
// kind is the reason if it is of the wrong kind.
func (r *run) skip(at Position, err error, kind policy.Reason) {
	var c report.Counts
	r.skipFile(&c, at, "", err, kind)
	r.tally.Add(c)
}

func (r *run) skipFile(c *report.Counts, at Position, name string, err error, kind policy.Reason) {
	reason := reasonOf(err, kind)
	if reason == policy.DiskFull {
		r.full.Store(true)
	}
	if reason == policy.OutOfTime {
		return // counted as left over
	}
	c.Skip(reason)
	r.log.note(reason.String(), "left alone", "client", at.Client, "user", at.User, "file", name, "error", err)
}
