package view_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// raw decodes itself, and so reads everything.
type raw struct{ text string }

func (r *raw) UnmarshalJSON(data []byte) error { r.text = string(data); return nil }

type embedded struct {
	Inner string `json:"inner"`
}

// reader has a field of each shape that the services' own readers have.
type reader struct {
	embedded
	ARN      string            `json:"arn"`
	Count    *int              `json:"count"`
	On       bool              `json:"on"`
	At       time.Time         `json:"at"`
	Tags     map[string]string `json:"tags"`
	Untagged string
	Self     raw                `json:"self"`
	Any      any                `json:"any"`
	Nested   *nested            `json:"nested"`
	List     []nested           `json:"list"`
	ByName   map[string]*nested `json:"byName"`
	Deep     [][]nested         `json:"deep"`
	Left     string             `json:"-"`
	Objects  map[string]any     `json:"objects,omitempty"`
}

type nested struct {
	Name string   `json:"name"`
	More []nested `json:"more"`
}

// object draws an object with keys of a reader's fields and others, in any letters, and values that fit them or not.
func object(depth int) *rapid.Generator[map[string]any] {
	keys := rapid.SampledFrom([]string{
		"arn", "ARN", "count", "on", "at", "tags", "untagged", "Untagged", "self", "any", "nested", "list", "byName", "deep", "left", "-",
		"objects", "inner", "name", "Name", "more", "unread", "",
	})
	return rapid.MapOfN(keys, anything(depth), 0, 8)
}

func anything(depth int) *rapid.Generator[any] {
	simple := rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](2.0), rapid.Just[any](2.5), rapid.Just[any](""), rapid.Just[any]("text"),
		rapid.Just[any]("2026-11-29T22:00:00Z"),
	)
	if depth == 0 {
		return simple
	}
	return rapid.OneOf(simple, object(depth-1).AsAny(), rapid.SliceOfN(anything(depth-1), 0, 3).AsAny())
}

// TestDecodeReadsWhatJSONWould: leaving out what a struct does not name leaves nothing out that encoding/json would have read.
func TestDecodeReadsWhatJSONWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		drawn := object(3).Draw(rt, "state")
		data, err := json.Marshal(drawn)
		require.NoError(rt, err)
		var want, got reader
		wantErr := json.Unmarshal(data, &want)
		state := resource.NewPropertyMapFromMap(drawn)
		gotErr := view.Decode(state, &got)
		require.Equal(rt, wantErr == nil, gotErr == nil, "%v: %v", wantErr, gotErr) // what does not fit is passed over, and the rest read
		require.True(rt, reflect.DeepEqual(want, got), "%s\nwant %+v\ngot %+v", data, want, got)
	})
}
