package provider

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// longSecret is the length from which a secret's text is looked for in every
// other value too. A shorter one would be found where it only happens to stand.
const longSecret = 8

// secrets remembers which of a resource's properties were secret, since the
// account knows plain values only. What comes back from it is marked again: at
// the same places, and wherever else a secret's text turns up.
type secrets struct {
	sources []resource.PropertyMap
	texts   []string
}

// secretsIn finds the secrets in properties.
func secretsIn(sources ...resource.PropertyMap) secrets {
	var found secrets
	for _, source := range sources {
		if !source.ContainsSecrets() {
			continue
		}
		found.sources = append(found.sources, source)
		found.collect(resource.NewProperty(source), false)
	}
	return found
}

// collect gathers the texts below secrets.
func (s *secrets) collect(value resource.PropertyValue, secret bool) {
	switch {
	case value.IsSecret():
		s.collect(value.SecretValue().Element, true)
	case value.IsOutput():
		s.collect(value.OutputValue().Element, secret || value.OutputValue().Secret)
	case value.IsObject():
		for _, inner := range value.ObjectValue() {
			s.collect(inner, secret)
		}
	case value.IsArray():
		for _, inner := range value.ArrayValue() {
			s.collect(inner, secret)
		}
	case secret && value.IsString() && len(value.StringValue()) >= longSecret:
		s.texts = append(s.texts, value.StringValue())
	}
}

// mark returns the properties with everything secret marked as secret. It leaves
// the account's own map alone.
func (s secrets) mark(properties resource.PropertyMap) resource.PropertyMap {
	if len(s.sources) == 0 || properties == nil {
		return properties
	}
	marked := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		for _, source := range s.sources {
			if was, ok := source[key]; ok {
				value = markLike(value, was)
			}
		}
		marked[key] = s.markTexts(value)
	}
	return marked
}

// markLike marks a value as secret where the one that it comes from was. Where
// their shapes differ, the whole value is: better too much than too little.
func markLike(value, was resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret() || !was.ContainsSecrets():
		return value
	case was.IsSecret(), was.IsOutput():
		return resource.MakeSecret(value)
	case value.IsObject() && was.IsObject():
		marked := resource.PropertyMap{}
		for key, inner := range value.ObjectValue() {
			marked[key] = inner
			if before, ok := was.ObjectValue()[key]; ok {
				marked[key] = markLike(inner, before)
			}
		}
		return resource.NewProperty(marked)
	case value.IsArray() && was.IsArray() && len(value.ArrayValue()) == len(was.ArrayValue()):
		marked := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, inner := range value.ArrayValue() {
			before := was.ArrayValue()[i]
			if before.ContainsSecrets() && !plain(before).DeepEquals(inner) {
				return resource.MakeSecret(value) // the account has put it into another order
			}
			marked[i] = markLike(inner, before)
		}
		return resource.NewProperty(marked)
	default:
		return resource.MakeSecret(value)
	}
}

// markTexts marks every text that holds a secret's text.
func (s secrets) markTexts(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsString() && s.holdsSecret(value.StringValue()):
		return resource.MakeSecret(value)
	case value.IsObject():
		marked := resource.PropertyMap{}
		for key, inner := range value.ObjectValue() {
			marked[key] = s.markTexts(inner)
		}
		return resource.NewProperty(marked)
	case value.IsArray():
		marked := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, inner := range value.ArrayValue() {
			marked[i] = s.markTexts(inner)
		}
		return resource.NewProperty(marked)
	default:
		return value
	}
}

func (s secrets) holdsSecret(text string) bool {
	for _, secret := range s.texts {
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// plainMap returns properties without secrets and outputs, as the account wants
// them. Unknown values stay unknown.
func plainMap(properties resource.PropertyMap) resource.PropertyMap {
	if properties == nil {
		return nil
	}
	bare := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		bare[key] = plain(value)
	}
	return bare
}

func plain(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return resource.MakeComputed(resource.NewProperty(""))
		}
		return plain(value.OutputValue().Element)
	case value.IsObject():
		return resource.NewProperty(plainMap(value.ObjectValue()))
	case value.IsArray():
		bare := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, inner := range value.ArrayValue() {
			bare[i] = plain(inner)
		}
		return resource.NewProperty(bare)
	default:
		return value
	}
}
