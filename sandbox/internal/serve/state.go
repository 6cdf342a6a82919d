package serve

import (
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"
)

// KindState is the kind of the events that say whether the service sleeps: asleep, waking, awake or falling asleep, with the number of
// its tasks.
const KindState = "state"

// lifeSigns are what the state is told by.
type lifeSigns struct{ wanted, tasks, healthy int }

func (l lifeSigns) String() string {
	word := "waking"
	switch {
	case l.wanted == 0 && l.tasks == 0:
		return "asleep"
	case l.wanted == 0:
		word = "falling asleep"
	case l.healthy > 0:
		word = "awake"
	}
	if l.tasks == 1 {
		return word + ", 1 task"
	}
	return fmt.Sprintf("%s, %d tasks", word, l.tasks)
}

// lifeSigns counts what lives in the account.
func (s *Server) lifeSigns() (l lifeSigns, err error) {
	services, err := scheduler.Services(s.options.Account)
	if err != nil {
		return l, err
	}
	for _, service := range services {
		l.wanted += service.DesiredCount
	}
	tasks, err := scheduler.Tasks(s.options.Account)
	if err != nil {
		return l, err
	}
	for _, task := range tasks {
		if task.LastStatus != scheduler.Stopped {
			l.tasks++
		}
	}
	targets, err := elb.Targets(s.options.Account)
	for _, target := range targets {
		if target.State == elb.TargetHealthy {
			l.healthy++
		}
	}
	return l, err
}

// state tells of a changed state, and at the first look of the one there is.
func (w *watcher) state() error {
	signs, err := w.server.lifeSigns()
	if err != nil {
		return err
	}
	if now := signs.String(); now != w.told {
		w.told = now
		w.server.say(KindState, "%s", now)
	}
	return nil
}
