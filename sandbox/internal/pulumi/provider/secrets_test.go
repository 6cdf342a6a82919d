package provider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// value makes a property value from Go values; secret and unknown mark theirs.
func value(v any) resource.PropertyValue { return resource.NewPropertyValue(v) }

func secret(v any) resource.PropertyValue { return resource.MakeSecret(value(v)) }

func object(fields map[string]resource.PropertyValue) resource.PropertyMap {
	properties := resource.PropertyMap{}
	for key, field := range fields {
		properties[resource.PropertyKey(key)] = field
	}
	return properties
}

type fields = map[string]resource.PropertyValue

func nested(f fields) resource.PropertyValue { return resource.NewProperty(object(f)) }

func list(items ...resource.PropertyValue) resource.PropertyValue {
	return resource.NewProperty(items)
}

func TestMarkPutsSecretsBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ source, result, want fields }{
		"no secrets": {
			source: fields{"a": value("x")},
			result: fields{"a": value("x"), "arn": value("arn:x")},
			want:   fields{"a": value("x"), "arn": value("arn:x")},
		},
		"a property": {
			source: fields{"a": secret("x"), "b": value("y")},
			result: fields{"a": value("x"), "b": value("y")},
			want:   fields{"a": secret("x"), "b": value("y")},
		},
		"marked already": {
			source: fields{"a": secret("x")},
			result: fields{"a": secret("x")},
			want:   fields{"a": secret("x")},
		},
		"changed by the account": {
			source: fields{"policy": secret(`{"a": 1}`)},
			result: fields{"policy": value(`{"a":1}`)},
			want:   fields{"policy": secret(`{"a":1}`)},
		},
		"dropped by the account": {
			source: fields{"a": secret("x")},
			result: fields{},
			want:   fields{},
		},
		"within an object": {
			source: fields{"env": nested(fields{"PUBLIC": value("p"), "TOKEN": secret("t")})},
			result: fields{"env": nested(fields{"PUBLIC": value("p"), "TOKEN": value("t"), "MORE": value("m")})},
			want:   fields{"env": nested(fields{"PUBLIC": value("p"), "TOKEN": secret("t"), "MORE": value("m")})},
		},
		"within a list": {
			source: fields{"l": list(value("p"), secret("t"))},
			result: fields{"l": list(value("p"), value("t"))},
			want:   fields{"l": list(value("p"), secret("t"))},
		},
		"within a list in another order": {
			source: fields{"l": list(value("p"), secret("t"))},
			result: fields{"l": list(value("t"), value("p"))},
			want:   fields{"l": resource.MakeSecret(list(value("t"), value("p")))},
		},
		"within a list that has grown": {
			source: fields{"l": list(secret("t"))},
			result: fields{"l": list(value("t"), value("u"))},
			want:   fields{"l": resource.MakeSecret(list(value("t"), value("u")))},
		},
		"of another type": {
			source: fields{"a": nested(fields{"b": secret("x")})},
			result: fields{"a": value("x")},
			want:   fields{"a": secret("x")},
		},
		"text elsewhere": {
			source: fields{"token": secret("long-enough")},
			result: fields{
				"token": value("long-enough"), "url": value("https://u:long-enough@host"),
				"all": nested(fields{"x": list(value("long-enough"))}),
			},
			want: fields{
				"token": secret("long-enough"), "url": secret("https://u:long-enough@host"),
				"all": nested(fields{"x": list(secret("long-enough"))}),
			},
		},
		"short text elsewhere": {
			source: fields{"port": secret("80")},
			result: fields{"port": value("80"), "cidr": value("10.80.0.0/16")},
			want:   fields{"port": secret("80"), "cidr": value("10.80.0.0/16")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := object(test.result)
			got := secretsIn(object(test.source)).mark(result)
			require.Equal(t, object(test.want), got)
			require.Equal(t, object(test.result), result, "the account's own map is left alone")
		})
	}
}

func TestMarkTakesSeveralSources(t *testing.T) {
	t.Parallel()
	got := secretsIn(nil, object(fields{"a": secret("x")}), object(fields{"b": secret("y")})).
		mark(object(fields{"a": value("x"), "b": value("y"), "c": value("z")}))
	require.Equal(t, object(fields{"a": secret("x"), "b": secret("y"), "c": value("z")}), got)
	require.Nil(t, secretsIn(object(fields{"a": secret("x")})).mark(nil), "gone stays gone")
}

func TestPlainKeepsWhatIsUnknown(t *testing.T) {
	t.Parallel()
	unknown := resource.MakeComputed(value(""))
	got := plainMap(object(fields{
		"secret": secret("x"),
		"known":  resource.NewProperty(resource.Output{Element: secret("y"), Known: true, Secret: true}),
		"output": resource.NewProperty(resource.Output{Element: value(""), Known: false, Secret: true}),
		"list":   list(secret("z"), unknown),
		"map":    nested(fields{"inner": secret(1.0)}),
	}))
	require.Equal(t, object(fields{
		"secret": value("x"), "known": value("y"), "output": unknown,
		"list": list(value("z"), unknown), "map": nested(fields{"inner": value(1.0)}),
	}), got)
	require.Nil(t, plainMap(nil))
}
