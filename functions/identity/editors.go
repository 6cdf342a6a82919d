package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/webordinary/live-edit/functions/identity/spec"
)

// Editor is somebody who is invited to edit a client's site.
type Editor struct {
	// Email is what the issuer knows the person by.
	Email string `json:"email"`
	// User is the name of the person's workspace.
	User string `json:"user"`
}

// maxList is how many bytes the list of a client's editors may have: a standard parameter's size (Systems Manager quotas).
const maxList = 4096

var userName = regexp.MustCompile(spec.UserName)

// checked gives a list with its addresses folded, by which they are compared, or every fault that it has.
func checked(editors []Editor) ([]Editor, error) {
	var faults []error
	folded := make([]Editor, len(editors)) // not nil: an empty list is written as one
	emails, users := map[string]bool{}, map[string]bool{}
	for i, editor := range editors {
		email, err := Fold(editor.Email)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("editor %d: %w", i+1, err))
		case emails[email]:
			faults = append(faults, fmt.Errorf("editor %d: %s is invited already", i+1, email))
		}
		emails[email] = true
		switch {
		case !userName.MatchString(editor.User):
			faults = append(faults, fmt.Errorf("editor %d: user %.70q; expected %s", i+1, editor.User, spec.UserNameForm))
		case users[editor.User]:
			faults = append(faults, fmt.Errorf("editor %d: %s is another editor's workspace already", i+1, editor.User))
		}
		users[editor.User] = true
		folded[i] = Editor{Email: email, User: editor.User}
	}
	return folded, errors.Join(faults...)
}

// FormatEditors writes the list as it is kept in the parameter.
func FormatEditors(editors []Editor) (string, error) {
	folded, err := checked(editors)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(folded)
	if err != nil {
		return "", fmt.Errorf("write the list of editors: %w", err)
	}
	if len(text) > maxList {
		return "", fmt.Errorf("the list of editors has %d bytes, a parameter takes %d: invite fewer, or move some to another client",
			len(text), maxList)
	}
	return string(text), nil
}

// parseEditors reads the list: users by their folded address.
func parseEditors(text string) (map[string]string, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	var editors []Editor
	if err := decoder.Decode(&editors); err != nil {
		return nil, fmt.Errorf("read the list of editors: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("read the list of editors: something follows it")
	}
	folded, err := checked(editors)
	if err != nil {
		return nil, fmt.Errorf("read the list of editors: %w", err)
	}
	users := make(map[string]string, len(folded))
	for _, editor := range folded {
		users[editor.Email] = editor.User
	}
	return users, nil
}

const (
	// listFresh is how long a list counts: a removed editor is out, and an invited one in, after that.
	listFresh = time.Minute
	// listKept is how long the last list that could be read counts while none can be. Then nobody is let in.
	listKept = 10 * time.Minute
	// listRetry is how long a list that could not be read is not asked for again.
	listRetry   = 5 * time.Second
	listTimeout = 3 * time.Second
)

// List keeps a client's invited people, read at most once a minute. It is safe for concurrent use.
type List struct {
	fetch func(context.Context) (string, error)
	now   func() time.Time

	mu      sync.Mutex // held while the list is read: whoever needs it waits for the same one
	users   map[string]string
	at      time.Time // when users was read; zero if never
	tried   time.Time
	problem error
}

// NewList returns a list that is read by a function.
func NewList(fetch func(context.Context) (string, error), now func() time.Time) *List {
	return &List{fetch: fetch, now: now}
}

// User gives the workspace of an invited person by the folded address; ok is false for others.
func (l *List) User(ctx context.Context, email string) (user string, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if since(now, l.at) >= listFresh && since(now, l.tried) >= listRetry {
		l.read(ctx, now)
	}
	if since(now, l.at) >= listKept {
		return "", false, fmt.Errorf("%w: %w", ErrUnavailable, l.problem)
	}
	user, ok = l.users[email]
	return user, ok, nil
}

func (l *List) read(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listTimeout)
	defer cancel()
	l.tried = now
	text, err := l.fetch(ctx)
	if err == nil {
		var users map[string]string
		if users, err = parseEditors(text); err == nil {
			l.users, l.at, l.problem = users, now, nil
			return
		}
	}
	l.problem = err
}

// since is how long ago a moment was; what never was is long ago, and so is what a clock that was set back puts into the future.
func since(now, at time.Time) time.Duration {
	const ever = 1 << 62
	if age := now.Sub(at); !at.IsZero() && age >= 0 {
		return age
	}
	return ever
}
