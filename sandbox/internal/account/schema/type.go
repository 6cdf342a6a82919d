// Package schema knows the AWS provider's resource types: their properties, what
// Check refuses, which defaults it fills in, and what a change of each property
// does.
//
// upstream.json is taken from the schema of the upstream AWS provider 6.48,
// translated to Pulumi's names. Each service adds a schema.json of its folder,
// written by hand and applied on top as a JSON merge patch (RFC 7386): types that
// upstream.json lacks, differences of pulumi-aws 6.83.4, and what a schema does
// not say (sets, JSON documents, allowed values, generated names). Its "limits"
// give a property, by its path, a closed list of package lists or a range. Tests
// hold all of it against the Go SDK's sources and documentation.
package schema

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

//go:embed upstream.json
var upstreamJSON []byte

// services are the schema.json of each service's folder.
var services = map[string][]byte{}

// Register gives the types of a service what its schema.json says. Each service does so when the program starts.
func Register(service string, data []byte) { services[service] = data }

// Kind is a property's type.
type Kind string

// The kinds of properties.
const (
	String      Kind = "string"
	Int         Kind = "int"
	Float       Kind = "float64"
	Bool        Kind = "bool"
	Any         Kind = "any"
	Object      Kind = "object"
	StringMap   Kind = "map<string>"
	ObjectList  Kind = "list<object>"
	StringList  Kind = "list<string>"
	IntList     Kind = "list<int>"
	AnyList     Kind = "list<any>"
	ArchiveKind Kind = "archive"
)

// IsList reports whether values are lists.
func (k Kind) IsList() bool {
	return k == ObjectList || k == StringList || k == IntList || k == AnyList
}

// elem is the kind of a list's elements.
func (k Kind) elem() Kind {
	switch k {
	case ObjectList:
		return Object
	case StringList:
		return String
	case IntList:
		return Int
	default:
		return Any
	}
}

// Document says how the text of a property is compared and checked.
type Document string

// The kinds of documents.
const (
	// NoDocument is plain text.
	NoDocument Document = ""
	// JSONDocument is any JSON.
	JSONDocument Document = "json"
	// PolicyDocument is an IAM policy.
	PolicyDocument Document = "policy"
	// ContainersDocument is a list of ECS container definitions.
	ContainersDocument Document = "containers"
)

// AutoName says how a name is generated when the program gives none.
type AutoName struct {
	// Max is the longest name that AWS allows.
	Max int `json:"max"`
	// Lower is set where AWS allows lower-case names only.
	Lower bool `json:"lower"`
	// Prefix is what AWS demands in front of the name.
	Prefix string `json:"prefix"`
	// Fifo is the input that makes AWS demand ".fifo" at the end.
	Fifo string `json:"fifo"`
}

// Property is one input property, at the top or nested.
type Property struct {
	Kind          Kind                 `json:"type"`
	Required      bool                 `json:"required"`
	ForceNew      bool                 `json:"forceNew"`
	Computed      bool                 `json:"computed"`
	Default       any                  `json:"default"`
	MinItems      int                  `json:"minItems"`
	MaxItems      int                  `json:"maxItems"`
	ConflictsWith []string             `json:"conflictsWith"`
	ExactlyOneOf  []string             `json:"exactlyOneOf"`
	Properties    map[string]*Property `json:"properties"`

	// What follows comes from schema.json only.

	// Set: the order of a list's elements has no meaning.
	Set bool `json:"set"`
	// Document: the text is JSON of that sort.
	Document Document `json:"document"`
	// AutoName is set for names that the provider generates.
	AutoName *AutoName `json:"autoName"`
	// Values lists the allowed texts, or the allowed numbers as texts. List is
	// their name in package lists, if they are one's.
	Values []string `json:"values"`
	List   string   `json:"-"`
	// Min and Max bound a number, MaxLength a text.
	Min       *float64 `json:"min"`
	Max       *float64 `json:"max"`
	MaxLength int      `json:"maxLength"`
	// Secret values are masked in outputs, whether or not the program says so.
	Secret bool `json:"secret"`

	names []string
}

// Names returns the names of the nested properties, sorted.
func (p *Property) Names() []string { return p.names }

// Type is one resource type.
type Type struct {
	Token   string               `json:"-"`
	Inputs  map[string]*Property `json:"inputs"`
	Outputs []string             `json:"computedOutputs"`
	// DeleteBeforeReplace: two of them cannot stand side by side, or deleting
	// the old one would delete what the new one wrote.
	DeleteBeforeReplace bool `json:"deleteBeforeReplace"`
	// Patterns are what texts must look like, by path; a list's path ends in [*].
	Patterns map[string]*Pattern `json:"patterns"`
	// Assigned are outputs that AWS gives each resource of the type, by name. In texts, {id}, {account} and {region} stand
	// for the resource's own.
	Assigned map[string]any `json:"assigned"`
	// Rules are what properties have to do with each other.
	Rules []*Rule `json:"rules"`
	// Limits are closed lists and ranges by the path of their property, whose lists have no indices.
	Limits map[string]limit `json:"limits"`

	names []string
}

// Names returns the names of the inputs, sorted.
func (t *Type) Names() []string { return t.names }

// TagsAll is the input that Check computes from the provider's default tags and
// the resource's own, for every type with tags.
const TagsAll = "tagsAll"

// HasTags reports whether the type takes tags, and so default tags.
func (t *Type) HasTags() bool { return t.Inputs["tags"] != nil }

// Lookup returns the type with that token. A type is decoded when it is first
// asked for: a run needs few of them, and all would cost it some 20 ms.
func Lookup(token string) (*Type, bool) {
	return embedded().lookup(token)
}

// Tokens returns all known tokens, sorted.
func Tokens() []string {
	d := embedded()
	out := slices.AppendSeq(slices.Collect(maps.Keys(d.base)), maps.Keys(d.patch))
	slices.Sort(out)
	return slices.Compact(out)
}

// data are the files, taken apart by type.
type data struct {
	base, patch map[string]json.RawMessage

	mu      sync.Mutex
	decoded map[string]*Type
}

var embedded = sync.OnceValue(func() *data {
	d, err := load(upstreamJSON, services)
	if err != nil {
		panic(fmt.Sprintf("embedded provider schema: %v", err)) // embedded data, held by tests
	}
	return d
})

func load(upstream []byte, services map[string][]byte) (*data, error) {
	d := &data{patch: map[string]json.RawMessage{}, decoded: map[string]*Type{}}
	if err := json.Unmarshal(upstream, &d.base); err != nil {
		return nil, fmt.Errorf("upstream.json: %w", err)
	}
	for service, patches := range services {
		var own map[string]json.RawMessage
		if err := json.Unmarshal(patches, &own); err != nil {
			return nil, fmt.Errorf("schema.json of %s: %w", service, err)
		}
		for token, patch := range own {
			if d.patch[token] != nil {
				return nil, fmt.Errorf("schema.json of %s: another service has %s, too", service, token)
			}
			d.patch[token] = patch
		}
	}
	return d, nil
}

func (d *data) lookup(token string) (*Type, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.decoded[token]; t != nil {
		return t, true
	}
	if d.base[token] == nil && d.patch[token] == nil {
		return nil, false
	}
	t, err := d.decode(token)
	if err != nil {
		panic(fmt.Sprintf("embedded provider schema: %s: %v", token, err)) // embedded data, held by tests
	}
	d.decoded[token] = t
	return t, true
}

func (d *data) decode(token string) (*Type, error) {
	raw := d.base[token]
	if patch := d.patch[token]; patch != nil {
		var err error
		if raw, err = mergeJSON(raw, patch); err != nil {
			return nil, err
		}
	}
	t := &Type{Token: token}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, err
	}
	t.names = finish(t.Inputs)
	for path, p := range t.Patterns {
		if err := p.compile(); err != nil {
			return nil, fmt.Errorf("patterns: %s: %w", path, err)
		}
	}
	for i, r := range t.Rules {
		if err := r.validate(); err != nil {
			return nil, fmt.Errorf("rules: %d: %w", i, err)
		}
	}
	for path, l := range t.Limits {
		if err := l.apply(t.Inputs, path); err != nil {
			return nil, fmt.Errorf("limits: %s: %w", path, err)
		}
	}
	return t, nil
}

func mergeJSON(base, patch json.RawMessage) (json.RawMessage, error) {
	into, from := map[string]any{}, map[string]any{}
	if base != nil {
		if err := json.Unmarshal(base, &into); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(patch, &from); err != nil {
		return nil, err
	}
	return json.Marshal(mergePatch(into, from))
}

// mergePatch applies patch to base as in RFC 7386: null removes a key.
func mergePatch(base, patch map[string]any) map[string]any {
	for k, p := range patch {
		if p == nil {
			delete(base, k)
			continue
		}
		into, isMap := p.(map[string]any)
		if !isMap {
			base[k] = p
			continue
		}
		have, _ := base[k].(map[string]any)
		if have == nil {
			have = map[string]any{}
		}
		base[k] = mergePatch(have, into)
	}
	return base
}

func finish(properties map[string]*Property) []string {
	for _, p := range properties {
		p.names = finish(p.Properties)
	}
	return slices.Sorted(maps.Keys(properties))
}

// DefaultValue is the property's default as a value; false when it has none.
func (p *Property) DefaultValue() (props.Value, bool) {
	if p.Default == nil {
		return props.Value{}, false
	}
	return props.Of(p.Default), true
}
