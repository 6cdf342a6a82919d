package config

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Schema describes the file for editors and other tools.
//
//go:embed schema.json
var Schema string

// File is what the image says of its processes. Texts may hold the placeholders of Values.
type File struct {
	Schema string `json:"$schema,omitempty"`
	// Prepare are the steps that make a workspace ready, in their order, before the processes start.
	Prepare []Step `json:"prepare,omitempty"`
	// Preview serves what port 4321 is asked at {port}, and the sockets of port 4322 at {hmrPort}.
	Preview Server `json:"preview"`
	// API serves what port 8080 is asked, at {port}. Without one there is no API but the supervisor's.
	API *Server `json:"api,omitempty"`
	// Save runs when a session ends in peace, after its processes have ended.
	Save *Save `json:"save,omitempty"`
	// Origins are pages elsewhere that may use the API and the sockets, such as https://www.example.com.
	Origins []string `json:"origins,omitempty"`
	// StopSeconds is what processes have between SIGTERM and SIGKILL.
	StopSeconds int `json:"stopSeconds,omitempty"`
	// MaxSessions is how many sessions a task holds at most; who comes later is told to come back.
	MaxSessions int `json:"maxSessions,omitempty"`
}

// Program is how a process is started, without a shell.
type Program struct {
	Command []string `json:"command"`
	// Directory is where it runs: the session's workspace if empty.
	Directory   string            `json:"directory,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
}

// Server is a program that listens.
type Server struct {
	Program
	// Ready is a path that is answered, with any status below 500, as soon as the process can serve.
	Ready string `json:"ready,omitempty"`
	// ReadyMinutes is how long that may take before the process is started anew.
	ReadyMinutes int `json:"readyMinutes,omitempty"`
}

// Step is a step of the preparation.
type Step struct {
	Program
	// Name is what people who wait are shown.
	Name string `json:"name"`
	// Unless is a path whose existence makes the step unnecessary.
	Unless string `json:"unless,omitempty"`
	// Minutes is how long the step may take.
	Minutes int `json:"minutes,omitempty"`
	// Makes is what the step makes where that can be made again at any time, such as node_modules.
	Makes *Makes `json:"makes,omitempty"`
}

// Makes is a directory that some files decide: as a pack of the client's it is unpacked to the task's disk where DEPENDENCIES says so.
// The step's Unless is below it, and written last.
type Makes struct {
	Directory string `json:"directory"`
	// By are the files whose content decides it, such as a lock file. The first has to be there, the others may be.
	By []string `json:"by"`
	// Version is a command whose output decides it, too, such as node --version. The processor's kind always does.
	Version []string `json:"version,omitempty"`
	// Without are names in the directory that are no part of what the step makes, such as .vite.
	Without []string `json:"without,omitempty"`
}

// Save is the last command of a session.
type Save struct {
	Program
	Seconds int `json:"seconds,omitempty"`
}

// stopTimeout is what a task has between SIGTERM and SIGKILL (infra's stopTimeoutSeconds), less what the supervisor needs itself.
const stopTimeout = 55 * time.Second

// Stop is how long a session's processes may take to end.
func (f *File) Stop() time.Duration { return time.Duration(f.StopSeconds) * time.Second }

// Defaults of the file.
const (
	defaultStopSeconds  = 10
	defaultSaveSeconds  = 20
	defaultStepMinutes  = 15
	defaultReadyMinutes = 3
	defaultMaxSessions  = 10
	mostMinutes         = 60
)

// ReadFile reads and checks the image's file.
func ReadFile(name string) (*File, error) {
	content, err := os.ReadFile(name) //nolint:gosec // the image's own, named by its environment
	if err != nil {
		return nil, fmt.Errorf("read the image's configuration (another path: LIVE_EDIT_CONFIG): %w", err)
	}
	file, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// Parse reads the text of a file, fills in what was left out, and checks it.
func Parse(content []byte) (*File, error) {
	var raw any
	if err := json.Unmarshal(content, &raw); err != nil {
		return nil, fmt.Errorf("no JSON: %w%s", err, position(content, err))
	}
	c := &checker{}
	c.keys("", raw, "")
	file := &File{StopSeconds: defaultStopSeconds, MaxSessions: defaultMaxSessions}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(file); err != nil {
		return nil, errors.Join(append(c.faults, explain(err))...)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		c.fault("", "", "nothing after the first object")
	}
	file.complete()
	c.file(file)
	return file, errors.Join(c.faults...)
}

// explain turns a wrong type into the form of the other faults.
func explain(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s is a %s; expected %s", strings.ReplaceAll(wrong.Field, ".Program", ""), wrong.Value, wrong.Type)
	}
	return err
}

// position names the line of a syntax error.
func position(content []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return ""
	}
	at := min(int(syntax.Offset), len(content))
	return fmt.Sprintf(" (line %d)", 1+bytes.Count(content[:at], []byte{'\n'}))
}

// complete fills in defaults.
func (f *File) complete() {
	standard := func(value *int, or int) {
		if *value == 0 {
			*value = or
		}
	}
	for i := range f.Prepare {
		standard(&f.Prepare[i].Minutes, defaultStepMinutes)
	}
	for _, c := range f.served() {
		standard(&c.server.ReadyMinutes, defaultReadyMinutes)
	}
	if f.Preview.Ready == "" {
		f.Preview.Ready = "/preview/"
	}
	if f.Save != nil {
		standard(&f.Save.Seconds, defaultSaveSeconds)
	}
}

type served struct {
	name   string
	server *Server
}

// served are the processes that serve.
func (f *File) served() []served {
	out := []served{{"preview", &f.Preview}}
	if f.API != nil {
		out = append(out, served{"api", f.API})
	}
	return out
}

// checker collects faults.
type checker struct{ faults []error }

func (c *checker) fault(where, value, want string) {
	if where == "" {
		where = "the file"
	}
	if value != "" {
		value = fmt.Sprintf(" is %.100q", value)
	}
	c.faults = append(c.faults, fmt.Errorf("%s%s; expected %s", where, value, want))
}

func (c *checker) file(f *File) {
	for i := range f.Prepare {
		step := &f.Prepare[i]
		where := fmt.Sprintf("prepare[%d]", i)
		if strings.TrimSpace(step.Name) == "" {
			c.fault(where+".name", step.Name, "what people who wait are shown, such as \"Installing\"")
		}
		c.program(where, &step.Program, false)
		c.text(where+".unless", step.Unless, false)
		c.number(where+".minutes", step.Minutes, mostMinutes)
		c.makes(where, step)
	}
	for _, s := range f.served() {
		c.program(s.name, &s.server.Program, true)
		c.number(s.name+".readyMinutes", s.server.ReadyMinutes, mostMinutes)
		if s.server.Ready != "" && !strings.HasPrefix(s.server.Ready, "/") {
			c.fault(s.name+".ready", s.server.Ready, "a path that begins with /")
		}
	}
	if f.Save != nil {
		c.program("save", &f.Save.Program, false)
		c.number("save.seconds", f.Save.Seconds, int(stopTimeout/time.Second))
		if time.Duration(f.Save.Seconds+f.StopSeconds)*time.Second > stopTimeout {
			c.fault("save.seconds", fmt.Sprint(f.Save.Seconds), fmt.Sprintf(
				"at most %d together with stopSeconds (%d): a task is killed a minute after SIGTERM", int(stopTimeout/time.Second), f.StopSeconds))
		}
	}
	for i, origin := range f.Origins {
		if !isOrigin(origin) {
			c.fault(fmt.Sprintf("origins[%d]", i), origin, anOrigin)
		}
	}
	c.number("stopSeconds", f.StopSeconds, int(stopTimeout/time.Second))
	c.number("maxSessions", f.MaxSessions, mostSessions)
}

// makes checks what a step makes.
func (c *checker) makes(where string, step *Step) {
	made := step.Makes
	if made == nil {
		return
	}
	where += ".makes"
	c.text(where+".directory", made.Directory, false)
	if !strings.HasPrefix(made.Directory, "{workspace}/") || path.Clean(made.Directory) != made.Directory {
		c.fault(where+".directory", made.Directory, "a path below {workspace}, such as {workspace}/site/node_modules")
	}
	if !strings.HasPrefix(step.Unless, made.Directory+"/") {
		c.fault(where+".directory", made.Directory, "a directory that has the step's unless in it, which says that the directory is whole")
	}
	if len(made.By) == 0 {
		c.fault(where+".by", "", "the files that decide it, such as {workspace}/site/package-lock.json")
	}
	for i, name := range made.By {
		c.text(fmt.Sprintf("%s.by[%d]", where, i), name, false)
	}
	for i, argument := range made.Version {
		c.text(fmt.Sprintf("%s.version[%d]", where, i), argument, false)
	}
	for i, name := range made.Without {
		if name == "" || path.Base(name) != name || name == "." || name == ".." {
			c.fault(fmt.Sprintf("%s.without[%d]", where, i), name, "a name in the directory, such as .vite")
		}
	}
}

// anOrigin is what isOrigin asks for.
const anOrigin = "scheme and host, such as https://www.example.com"

// isOrigin says whether a text is the origin of a page, as browsers write it.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Scheme+"://"+u.Host == text
}

func (c *checker) number(where string, value, most int) {
	if value < 1 || value > most {
		c.fault(where, fmt.Sprint(value), fmt.Sprintf("a number from 1 to %d", most))
	}
}

// program checks a program; serves says that it is one that listens, so that it has to be told where.
func (c *checker) program(where string, command *Program, serves bool) {
	if len(command.Command) == 0 || command.Command[0] == "" {
		c.fault(where+".command", "", "a program and its arguments, as a list")
	}
	told := false
	for i, argument := range command.Command {
		c.text(fmt.Sprintf("%s.command[%d]", where, i), argument, serves)
		told = told || strings.Contains(argument, "{port}")
	}
	for _, name := range slices.Sorted(maps.Keys(command.Environment)) {
		c.text(where+".environment."+name, command.Environment[name], serves)
		told = told || strings.Contains(command.Environment[name], "{port}")
		if !environmentName.MatchString(name) || strings.HasPrefix(name, OwnPrefix) {
			c.fault(where+".environment", name, "a variable's name, not beginning with "+OwnPrefix)
		}
	}
	if serves && len(command.Command) > 0 && !told {
		c.fault(where+".command", strings.Join(command.Command, " "), "{port} in an argument or in the environment: where to listen")
	}
	directory := command.Directory
	c.text(where+".directory", directory, serves)
	if directory != "" && !strings.HasPrefix(directory, "{workspace}") && !path.IsAbs(directory) {
		c.fault(where+".directory", command.Directory, "an absolute path, or one that begins with {workspace}")
	}
}

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
