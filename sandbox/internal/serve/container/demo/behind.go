package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// behind is what is different behind a supervisor: it keeps the contract, and sees by itself who is at work. The API's process and the
// page's share the session's file and nothing else.
type behind struct {
	busyURL string // where a job says that it runs
}

// runBehind is one of the programs of a session.
func runBehind(ctx context.Context, s settings, arguments []string) error {
	flags := flag.NewFlagSet("demo "+arguments[0], flag.ContinueOnError)
	address, sockets := flags.String("listen", "", "HOST:PORT"), flags.String("sockets", "", "HOST:PORT")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	if len(s.faults) > 0 {
		return errors.New("DEMO_FAULT is for a container without a supervisor (--container plain)")
	}
	d := &demo{settings: s, began: time.Now(), behind: &behind{busyURL: os.Getenv("LIVE_EDIT_BUSY_URL")}}
	d.sessions = newSessions(d)
	if err := d.openSession(); err != nil {
		return err
	}
	handlers := map[string]http.Handler{}
	switch arguments[0] {
	case "prepare":
		return d.prepareWorkspace(ctx)
	case "api":
		d.saved.Starts++
		if err := d.save(); err != nil {
			return err
		}
		handlers[*address] = d.api()
	case "preview":
		if err := d.boot(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		handlers[*address], handlers[*sockets] = d.preview(), d.sockets()
	default:
		return fmt.Errorf("there is no program %q; expected api, preview or prepare", arguments[0])
	}
	d.ready.Store(true)
	return d.serveBehind(ctx, handlers)
}

// prepareWorkspace takes its time, as on a workspace that nothing was installed on yet, and says so.
func (d *demo) prepareWorkspace(ctx context.Context) error {
	say("preparing takes %s", d.prepare)
	select {
	case <-time.After(d.wall(d.prepare)):
		return d.files.WriteFile(preparedFile, nil, 0o600)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// preparedFile says that a workspace needs no preparation any more.
const preparedFile = ".demo-prepared"

func (d *demo) serveBehind(ctx context.Context, handlers map[string]http.Handler) error {
	var all servers
	for address, handler := range handlers {
		if _, err := all.add(ctx, address, handler); err != nil {
			return errors.Join(err, all.close())
		}
	}
	<-ctx.Done()
	say("told to end")
	const answers = 200 * time.Millisecond
	patient, cancel := context.WithTimeout(context.Background(), answers)
	defer cancel()
	for _, server := range all {
		_ = server.Shutdown(patient) // sockets don't end by themselves
	}
	return all.close()
}

// sign keeps at once what the page's process is to know, and tells the supervisor of a job: it could not see one that sends no byte.
func (b *behind) sign(d *demo, job time.Duration) error {
	if err := d.keepAtWork(); err != nil || job == 0 {
		return err
	}
	minutes := int((job + time.Minute - 1) / time.Minute)
	return b.tell(http.MethodPut, "?minutes="+strconv.Itoa(minutes))
}

func (b *behind) end(d *demo) error {
	return errors.Join(d.keepAtWork(), b.tell(http.MethodDelete, ""))
}

func (b *behind) tell(method, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), agentTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, b.busyURL+query, nil) //nolint:gosec // the supervisor's, from the environment
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // as above
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the supervisor answers %s", response.Status)
	}
	return nil
}

// keepAtWork saves the session with who is at work.
func (d *demo) keepAtWork() error {
	left := d.sessions.left()
	d.mu.Lock()
	d.saved.AtWork = map[string]time.Time{}
	for name, service := range left {
		d.saved.AtWork[name] = time.Now().Add(d.wall(service))
	}
	d.mu.Unlock()
	return d.save()
}

// reportBehind reads what the session's processes have saved.
func (d *demo) reportBehind() report {
	saved, err := d.read()
	if err != nil {
		say("read the session: %v", err)
	}
	names, now := []string{}, time.Now()
	for name, until := range saved.AtWork {
		if now.Before(until) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return report{
		Demo: true, Client: d.client, User: d.user, UptimeSeconds: d.serviceTime().Seconds(), Edits: saved.Edits, Starts: saved.Starts,
		AtWork: names, Secrets: d.secrets,
	}
}
