package lease

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// keptEpochs is how many lease files of the past stay. More than one has to: see Keeper.create.
const keptEpochs = 8

// Keeper finds, takes and keeps the leases of one client's sessions for one task.
type Keeper struct {
	files Files
	clock Clock
	self  Identity
	ctx   context.Context //nolint:containedctx // the life of the process, which leases share
	stop  context.CancelFunc

	mu       sync.Mutex
	sessions map[string]*session
}

// session is what a keeper knows of one session. Only one look at it is under way at a time, and all who ask meanwhile share its answer:
// a page asks for dozens of files at once, and each look costs calls of the file system.
type session struct {
	flight *flight // under Keeper.mu; nil while nobody looks

	// Only the flight touches these.
	lease *Lease
	seen  sighting
}

// flight is a look that is under way.
type flight struct {
	done  chan struct{} // closed when the two others are set
	found Found
	err   error
}

// sighting is what was read of somebody's lease, and how long it is known not to have changed: from the answer of the first read to the
// asking of the last. The file system may hang with an answer that was true when it was asked.
type sighting struct {
	epoch   uint64
	content string
	since   time.Time
	until   time.Time
	exists  bool
}

// still is how long the lease is known to have stood still.
func (s *sighting) still() time.Duration { return max(0, s.until.Sub(s.since)) }

// NewKeeper returns a keeper that works until ctx ends.
func NewKeeper(ctx context.Context, files Files, clock Clock, self Identity) *Keeper {
	ctx, stop := context.WithCancel(ctx)
	return &Keeper{files: files, clock: clock, self: self, ctx: ctx, stop: stop, sessions: map[string]*session{}}
}

// Close stops renewing every lease. It releases none: whoever goes in peace releases first.
func (k *Keeper) Close() { k.stop() }

// Owner is another task that holds a session's lease.
type Owner struct {
	// Record is the owner's, as far as it can be read; Readable says whether it could.
	Record   Record
	Readable bool
	// Epoch is the lease's.
	Epoch uint64
	// StandsStill is how long the lease has been seen unchanged. At StandstillAfter the next Claim takes it over.
	StandsStill time.Duration
}

// Found is the answer of Claim: exactly one of the two is set.
type Found struct {
	Lease *Lease // this task's own
	Owner *Owner // somebody else's
}

// Claim says who owns the session of a user, and takes it if nobody does: if there never was an owner, if the last one released it, or if
// its lease has stood still for StandstillAfter of this task's clock. Whoever meets an owner that does not answer calls again, every
// second, until one of the two has an answer. It waits for the file system no longer than ctx.
func (k *Keeper) Claim(ctx context.Context, user string) (Found, error) {
	f := k.join(user)
	select {
	case <-f.done:
	case <-ctx.Done(): // the look goes on; the file system may hang for longer than a request wants to wait
		return Found{}, fmt.Errorf("find the owner of session %s: %w", user, ctx.Err())
	}
	if f.err != nil {
		return Found{}, f.err
	}
	if f.found.Lease != nil && !f.found.Lease.hand() {
		return Found{}, fmt.Errorf("take session %s: the file system took too long: %w", user, ErrLost)
	}
	return f.found, nil
}

// join returns the look that is under way, or begins one.
func (k *Keeper) join(user string) *flight {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.sessions[user]
	if !ok {
		s = &session{}
		k.sessions[user] = s
	}
	if s.flight == nil {
		f := &flight{done: make(chan struct{})}
		s.flight = f
		go func() {
			f.found, f.err = k.claim(user, s)
			k.mu.Lock()
			s.flight = nil
			k.mu.Unlock()
			close(f.done)
		}()
	}
	return s.flight
}

// claim is one try, and a further one for each epoch that somebody else took in the meantime.
func (k *Keeper) claim(user string, s *session) (Found, error) {
	for look := k.look; ; look = k.search {
		if s.lease != nil && !s.lease.over() {
			return Found{Lease: s.lease}, nil
		}
		if err := look(user, s); err != nil {
			return Found{}, err
		}
		record, readable := parseRecord([]byte(s.seen.content))
		if s.seen.exists && !k.free(s, record, readable) {
			return Found{Owner: &Owner{
				Record: record, Readable: readable, Epoch: s.seen.epoch, StandsStill: s.seen.still(),
			}}, nil
		}
		lease, err := k.create(user, s)
		if errors.Is(err, fs.ErrExist) { // somebody was faster, or the hint is behind by more than one
			s.seen = sighting{epoch: s.seen.epoch + 1, since: k.clock.Now(), exists: true}
			continue
		}
		if err != nil {
			return Found{}, err
		}
		s.lease, s.seen = lease, sighting{}
		return Found{Lease: lease}, nil
	}
}

// free says whether the lease that was seen may be taken over.
func (k *Keeper) free(s *session, record Record, readable bool) bool {
	switch {
	case readable && record.Released:
		return true
	case readable && record.Instance == k.self.Instance:
		return true // our own of before, which is over: a lease ends only when its processes have
	default:
		return s.seen.still() >= StandstillAfter
	}
}

// look reads the newest lease and notes since when it has been as it is.
func (k *Keeper) look(user string, s *session) error {
	epoch, asked := s.seen.epoch, k.clock.Now()
	hint, err := k.files.Read(hintName(user))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", hintName(user), err)
	}
	if hinted, ok := parseHint(hint); ok {
		epoch = max(epoch, hinted)
	}
	content, err := k.files.Read(epochName(user, epoch))
	switch {
	case err == nil:
		k.note(s, epoch, content, asked)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return k.search(user, s)
	default:
		return fmt.Errorf("read lease %s: %w", epochName(user, epoch), err)
	}
}

// search finds the newest lease where the hint does not lead to one: there is none yet, the hint is missing or garbage, or this machine
// remembers that the file was not there. A listing may be old; whether the next epoch is free is decided when it is created.
func (k *Keeper) search(user string, s *session) error {
	asked := k.clock.Now()
	epochs, err := k.epochs(user)
	if err != nil {
		return err
	}
	newest := uint64(0)
	if len(epochs) > 0 {
		newest = slices.Max(epochs)
	}
	if s.seen.exists && s.seen.epoch > newest { // the server said that it is there; it cannot be read yet
		k.note(s, s.seen.epoch, nil, asked)
		return nil
	}
	if newest == 0 {
		s.seen = sighting{}
		return nil
	}
	content, err := k.files.Read(epochName(user, newest))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read lease %s: %w", epochName(user, newest), err)
	}
	k.note(s, newest, content, asked)
	return nil
}

// note keeps since when and until when a lease is known to be as it is: what is read was there at some time between asking and answer.
func (k *Keeper) note(s *session, epoch uint64, content []byte, asked time.Time) {
	if !s.seen.exists || s.seen.epoch != epoch || s.seen.content != string(content) {
		s.seen = sighting{epoch: epoch, content: string(content), since: k.clock.Now(), exists: true}
	}
	s.seen.until = asked
}

// epochs lists the leases that a user's session has had.
func (k *Keeper) epochs(user string) ([]uint64, error) {
	names, err := k.files.List()
	if err != nil {
		return nil, fmt.Errorf("list the leases of session %s: %w", user, err)
	}
	var epochs []uint64
	for _, name := range names {
		if epoch, ok := parseEpochName(user, name); ok {
			epochs = append(epochs, epoch)
		}
	}
	return epochs, nil
}

// create takes the epoch after the one that was seen.
func (k *Keeper) create(user string, s *session) (*Lease, error) {
	record := Record{
		Version: Version, Epoch: s.seen.epoch + 1, Task: k.self.Task, Instance: k.self.Instance, Address: k.self.Address,
	}
	content, err := record.encode()
	if err != nil {
		return nil, fmt.Errorf("take session %s: %w", user, err)
	}
	name := epochName(user, record.Epoch)
	start := k.clock.Now() // the lease counts from here: nobody can have seen it before
	if err := k.files.Create(name, content); err != nil {
		return nil, fmt.Errorf("take session %s by creating %s: %w", user, name, err)
	}
	if err := k.confirm(user, record.Epoch); err != nil {
		return nil, errors.Join(err, k.files.Remove(name))
	}
	if err := k.files.Rewrite(hintName(user), encodeHint(record.Epoch)); err != nil {
		return nil, errors.Join(fmt.Errorf("take session %s: write %s: %w", user, hintName(user), err), k.files.Remove(name))
	}
	return k.hold(user, record, start), nil
}

// confirm makes sure that the epoch just created is the newest. It is not if this task had been stopped between its look and its create
// for so long that what it saw is past and its file removed. A listing after a change of one's own comes from the server.
func (k *Keeper) confirm(user string, epoch uint64) error {
	epochs, err := k.epochs(user)
	if err != nil {
		return err
	}
	for _, other := range epochs {
		switch {
		case other > epoch:
			return fmt.Errorf("take session %s: epoch %d is past, epoch %d is there: %w", user, epoch, other, fs.ErrExist)
		case other+keptEpochs <= epoch:
			_ = k.files.Remove(epochName(user, other)) // tidiness; the next owner tries again
		}
	}
	return nil
}
