package serve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/elb"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ecs/scheduler"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// watcher tells what has changed in the account between two looks.
type watcher struct {
	server *Server
	before map[string]string // what is watched, by kind and name, in words
	told   string            // the state that was told last
}

// look compares the account with the look before. The first look tells nothing.
func (w *watcher) look() error {
	now := map[string]string{}
	for _, see := range []func(map[string]string) error{w.services, w.tasks, w.targets, w.rules} {
		if err := see(now); err != nil {
			return err
		}
	}
	if w.before != nil {
		for _, key := range slices.Sorted(maps.Keys(now)) {
			if now[key] != w.before[key] {
				kind, name, _ := strings.Cut(key, " ")
				w.server.say(kind, "%s %s", name, now[key])
			}
		}
		for _, key := range slices.Sorted(maps.Keys(w.before)) {
			if kind, name, _ := strings.Cut(key, " "); now[key] == "" && kind != "task" { // stopped tasks are forgotten in silence
				w.server.say(kind, "%s is gone", name)
			}
		}
	}
	w.before = now
	return w.state()
}

func (w *watcher) services(now map[string]string) error {
	services, err := scheduler.Services(w.server.options.Account)
	for _, service := range services {
		now["service "+service.Name] = fmt.Sprintf("wants %d tasks", service.DesiredCount)
	}
	return err
}

func (w *watcher) tasks(now map[string]string) error {
	tasks, err := scheduler.Tasks(w.server.options.Account)
	for _, task := range tasks {
		text := "is " + task.LastStatus
		if task.LastStatus == scheduler.Stopped || task.LastStatus == scheduler.Deprovisioning {
			text += ": " + task.StoppedReason
		}
		if task.LastStatus == scheduler.Running && task.Protected(w.server.clock.Now()) {
			text += ", protected"
		}
		now["task "+strings.TrimPrefix(shortTask(task.ARN), "task ")] = text
	}
	return err
}

func (w *watcher) targets(now map[string]string) error {
	targets, err := elb.Targets(w.server.options.Account)
	for _, target := range targets {
		now[fmt.Sprintf("target %s of %s", strings.TrimPrefix(shortTask(target.TaskARN), "task "), groupName(target.TargetGroupARN))] =
			"is " + target.State
	}
	return err
}

func (w *watcher) rules(now map[string]string) error {
	for _, r := range w.server.options.Account.List(view.TypeListenerRule) {
		var rule struct {
			Priority int `json:"priority"`
			Actions  []struct {
				Group string `json:"targetGroupArn"`
			} `json:"actions"`
		}
		if err := view.Decode(r.State, &rule); err != nil {
			return fmt.Errorf("listener rule %s: %w", r.ID, err)
		}
		name := r.ID[strings.LastIndexByte(r.ID, '/')+1:]
		if len(rule.Actions) > 0 && rule.Actions[0].Group != "" {
			name = "to " + groupName(rule.Actions[0].Group)
		}
		now["rule "+name] = fmt.Sprintf("has priority %d", rule.Priority)
	}
	return nil
}
