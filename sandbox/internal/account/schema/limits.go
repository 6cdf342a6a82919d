package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/lists"
)

// limit is what "limits" says of a property: the name of a closed list, or the
// bounds of a number.
type limit struct {
	list string
	bounds
}

type bounds struct {
	Min, Max *float64
}

// UnmarshalJSON implements json.Unmarshaler: a text is a list's name.
func (l *limit) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(string(data), `"`) {
		return json.Unmarshal(data, &l.list)
	}
	return json.Unmarshal(data, &l.bounds)
}

// apply finds the property at a path, whose lists have no indices, and limits it.
func (l limit) apply(properties map[string]*Property, path string) error {
	var p *Property
	for name := range strings.SplitSeq(path, ".") {
		p = properties[name]
		if p == nil {
			return fmt.Errorf("the type has no %q", name)
		}
		properties = p.Properties
	}
	switch {
	case l.list == "" && p.Kind != Int && p.Kind != Float:
		return fmt.Errorf("bounds are for numbers, this is a %s", p.Kind)
	case l.list == "":
		p.Min, p.Max = l.Min, l.Max
	case len(p.Values) > 0:
		return errors.New("its property lists its values already")
	default:
		p.List, p.Values = l.list, lists.Of(l.list)
	}
	return nil
}
