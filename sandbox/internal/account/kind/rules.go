package kind

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// EmailPattern is what an e-mail address looks like.
var EmailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

// InTurn calls one rule after the other.
func InTurn[T any](rules ...func(T)) func(T) {
	return func(c T) {
		for _, rule := range rules {
			rule(c)
		}
	}
}

// Limits of tags (Tagging AWS resources, "Tag naming limits and requirements").
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func checkTags(c *Checker) {
	for _, property := range []string{"tagsAll", "tags"} {
		v, ok := props.Get(c.In, props.Path(property))
		if !ok || !v.IsObject() {
			continue
		}
		tags := v.ObjectValue()
		if len(tags) > maxTags {
			c.Fail("tags", "TooManyTags: a resource can have %d tags, this one has %d with the stack's own", maxTags, len(tags))
		}
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			name, at := string(k), "tags."+string(k)
			if strings.HasPrefix(strings.ToLower(name), "aws:") {
				c.Fail(at, "InvalidTag: tag keys that begin with aws: are reserved for AWS; choose another prefix")
			}
			if name == "" || len(name) > maxTagKey {
				c.Fail(at, "InvalidTag: a tag's key has 1 to %d characters, this one %d", maxTagKey, len(name))
			}
			if n := len(TextOf(tags[k])); n > maxTagValue {
				c.Fail(at, "InvalidTag: a tag's value has at most %d characters, this one %d", maxTagValue, n)
			}
		}
		return // tagsAll holds the others, too
	}
}
