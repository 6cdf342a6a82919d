package schema

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Pattern is what a text must look like.
type Pattern struct {
	// Match is a regular expression.
	Match string `json:"match"`
	// Min and Max bound the length; 0 for no bound.
	Min int `json:"min"`
	Max int `json:"max"`
	// Fault is the refusal, in AWS's words and with the cure. {value} stands for the text in quotation marks, {length} for
	// its length.
	Fault string `json:"fault"`

	compiled *regexp.Regexp
}

func (p *Pattern) compile() (err error) {
	if !strings.Contains(p.Fault, "{value}") {
		return errors.New("the fault does not show the {value}")
	}
	p.compiled, err = regexp.Compile(p.Match)
	return err
}

func (p *Pattern) accepts(text string) bool {
	return p.compiled.MatchString(text) && len(text) >= p.Min && (p.Max == 0 || len(text) <= p.Max)
}

// CheckPatterns returns the texts of the inputs that do not look as they must. The inputs are without secrets; what is not
// known yet passes.
func (t *Type) CheckPatterns(inputs props.Map) []Failure {
	var failures []Failure
	for _, path := range slices.Sorted(maps.Keys(t.Patterns)) {
		p := t.Patterns[path]
		for _, f := range props.All(inputs, props.Path(path)) {
			if f.Value.IsString() && !p.accepts(f.Value.StringValue()) {
				text := f.Value.StringValue()
				fault := strings.NewReplacer("{value}", strconv.Quote(text), "{length}", strconv.Itoa(len(text))).Replace(p.Fault)
				failures = append(failures, Failure{Property: f.Path, Reason: fault})
			}
		}
	}
	return failures
}

// Assign adds the outputs that AWS gives each resource of the type.
func (t *Type) Assign(state props.Map, own map[string]string) {
	var pairs []string
	for name, value := range own {
		pairs = append(pairs, "{"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...)
	for name, value := range t.Assigned {
		if text, ok := value.(string); ok {
			value = fill.Replace(text)
		}
		state[props.Key(name)] = props.Of(value)
	}
}
