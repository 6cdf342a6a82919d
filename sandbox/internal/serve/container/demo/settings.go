package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are what the environment says.
type settings struct {
	client, user  string
	directory     string // the session's on the workspace
	agent         string // base address of the ECS agent's endpoint; empty outside ECS
	boot, prepare time.Duration
	speed         float64
	faults        map[fault]bool
	endWithStdin  bool
	secrets       map[string]bool // which secrets have a value
}

// readSettings names everything that is missing or wrong in one error.
func readSettings(getenv func(string) string) (settings, error) {
	s := settings{
		client: getenv("CLIENT_ID"), user: getenv("USER_ID"), agent: getenv("ECS_AGENT_URI"), speed: 1,
		endWithStdin: getenv("DEMO_END_WITH_STDIN") == "true",
		secrets: map[string]bool{
			"ANTHROPIC_API_KEY": getenv("ANTHROPIC_API_KEY") != "", "GITHUB_TOKEN": getenv("GITHUB_TOKEN") != "",
		},
	}
	var faults []error
	for _, name := range []string{"WORKSPACE_PATH", "CLIENT_ID", "USER_ID"} {
		if getenv(name) == "" {
			faults = append(faults, fmt.Errorf("environment variable %s is missing (docs/container-contract.md)", name))
		}
	}
	s.directory = filepath.Join(getenv("WORKSPACE_PATH"), s.client, s.user)
	var err error
	for name, value := range map[string]*time.Duration{"DEMO_BOOT": &s.boot, "DEMO_PREPARE": &s.prepare} {
		if text := getenv(name); text != "" {
			if *value, err = time.ParseDuration(text); err != nil || *value < 0 {
				faults = append(faults, fmt.Errorf("%s is %q; expected a duration such as 5s", name, text))
			}
		}
	}
	if text := getenv("DEMO_SPEED"); text != "" {
		if s.speed, err = strconv.ParseFloat(text, 64); err != nil || s.speed <= 0 {
			faults = append(faults, fmt.Errorf("DEMO_SPEED is %q; expected a number greater than 0", text))
		}
	}
	if s.faults, err = parseFaults(getenv("DEMO_FAULT")); err != nil {
		faults = append(faults, err)
	}
	return s, errors.Join(faults...)
}

// wall gives the time on the wall for one of the service's, and at least so much that a busy machine keeps up.
func (s *settings) wall(service time.Duration) time.Duration {
	const least = 20 * time.Millisecond
	return max(time.Duration(float64(service)/s.speed), least)
}

// fault is something that the process does wrong on purpose, so that a test sees it reported.
type fault string

const (
	// unhealthy: /health never answers 200.
	unhealthy fault = "unhealthy"
	// deaf: nothing listens on any port.
	deaf fault = "deaf"
	// slowBoot: the boot takes ten times as long.
	slowBoot fault = "slow-boot"
	// crash: the process ends with an error when it has booted.
	crash fault = "crash"
	// hang: requests and sockets are accepted and never answered; /health is.
	hang fault = "hang"
	// apiErrors: every API request but the check endpoint's answers 500.
	apiErrors fault = "api-errors"
	// noCheck: there is no check endpoint.
	noCheck fault = "no-check"
	// noPreview: the preview is not below /preview/, as without Astro's base.
	noPreview fault = "no-preview"
	// noSockets: nothing upgrades to a WebSocket.
	noSockets fault = "no-sockets"
	// dropSockets: every WebSocket is cut five seconds after it opened.
	dropSockets fault = "drop-sockets"
	// loseWorkspace: files are kept in a directory that ends with the process.
	loseWorkspace fault = "lose-workspace"
	// neverProtect: a session that is at work does not protect its task.
	neverProtect fault = "never-protect"
	// stayProtected: the task is protected although nobody works, so that it never sleeps.
	stayProtected fault = "stay-protected"
	// ignoreSigterm: SIGTERM is ignored and nothing saved; the process has to be killed.
	ignoreSigterm fault = "ignore-sigterm"
)

var allFaults = []fault{
	unhealthy, deaf, slowBoot, crash, hang, apiErrors, noCheck, noPreview, noSockets, dropSockets, loseWorkspace, neverProtect,
	stayProtected, ignoreSigterm,
}

func parseFaults(list string) (map[fault]bool, error) {
	out := map[fault]bool{}
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.Contains(allFaults, fault(name)) {
			return nil, fmt.Errorf("DEMO_FAULT: there is no fault %q; there are %v", name, allFaults)
		}
		out[fault(name)] = true
	}
	return out, nil
}
