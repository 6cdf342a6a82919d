package props

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

func sample() Map {
	return Map{
		"name": Of("n"), "count": Of(3), "on": Of(true), "off": Of(false), "nothing": Of(nil), "unknown": Unknown(),
		"secret": resource.MakeSecret(Of(map[string]any{"token": "t"})),
		"rules":  Of([]any{map[string]any{"port": 80, "to": []any{"a", "b"}}, map[string]any{"port": 443}, nil}),
		"late":   resource.NewProperty([]Value{Unknown(), Of("known")}),
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	m := sample()
	require.Equal(t, "n", Str(m, "name"))
	require.Equal(t, "t", Str(m, "secret.token"))
	require.Empty(t, Str(m, "unknown"))
	require.Empty(t, Str(m, "rules"))
	require.Empty(t, Str(m, "name.deeper"))
	require.True(t, Bool(m, "on"))
	require.False(t, Bool(m, "name"))
	require.Equal(t, []string{"a", "b"}, Strings(m, "rules[*].to[*]"))
	require.Equal(t, []string{"known"}, Strings(m, "late[*]"))
	require.Empty(t, Strings(m, "name[*]"))
	require.Len(t, Objects(m, "rules[*]"), 2)

	found := All(m, "rules[*].port")
	require.Len(t, found, 2)
	require.Equal(t, "rules[1].port", found[1].Path)
	n, ok := Int(m, "count")
	require.True(t, ok)
	require.Equal(t, 3, n)
	_, ok = Int(m, "rules[*].port")
	require.False(t, ok, "a path to several values names none of them")
	_, ok = Get(m, "nothing")
	require.False(t, ok)
}

func TestPresence(t *testing.T) {
	t.Parallel()
	m := sample()
	for path, want := range map[Path]bool{
		"name": true, "off": false, "nothing": false, "absent": false, "unknown": true, "rules[*].port": true, "rules[*].absent": false, "late[*]": true,
	} {
		require.Equal(t, want, Has(m, path), path)
	}
	require.True(t, AnyUnknown(m, "late[*]"))
	require.True(t, AnyUnknown(m, "unknown.deeper[*]"), "below the unknown everything is unknown")
	require.False(t, AnyUnknown(m, "name"))
}

func TestEmptiness(t *testing.T) {
	t.Parallel()
	defaulted := Map{DefaultsKey: Of([]string{})}
	for _, v := range []any{nil, "", 0, false, []any{}, map[string]any{}, resource.NewProperty(defaulted), resource.MakeSecret(Of(""))} {
		require.True(t, IsEmpty(Of(v)), "%v", v)
	}
	for _, v := range []any{"x", 1, true, []any{nil}, map[string]any{"a": nil}, Unknown()} {
		require.False(t, IsEmpty(Of(v)), "%v", v)
	}
}

func TestCopiesAreDeep(t *testing.T) {
	t.Parallel()
	m := sample()
	c := CopyMap(m)
	require.Equal(t, m, c)
	c["rules"].ArrayValue()[0].ObjectValue()["port"] = Of(1)
	c["secret"].SecretValue().Element.ObjectValue()["token"] = Of("changed")
	require.Equal(t, sample(), m)
	require.Nil(t, CopyMap(nil))
}

func TestPlain(t *testing.T) {
	t.Parallel()
	m := sample()
	m["output"] = resource.NewProperty(resource.Output{Known: true, Secret: true, Element: Of("o")})
	m["later"] = resource.NewProperty(resource.Output{})
	p := PlainMap(m)
	require.False(t, p.ContainsSecrets())
	require.Equal(t, "o", p["output"].StringValue())
	require.True(t, p["later"].IsComputed())
	require.True(t, p["late"].ArrayValue()[0].IsComputed())
	require.True(t, m["secret"].IsSecret(), "the original stays")
}

func TestInternalKeysGo(t *testing.T) {
	t.Parallel()
	inner := func() Value { return Of(map[string]any{"__defaults": []any{"a"}, "a": 1}) }
	m := WithoutInternal(Map{"__meta": Of("x"), "o": inner(), "l": Of([]any{inner()}), "s": resource.MakeSecret(inner())})
	clean := Of(map[string]any{"a": 1})
	require.Equal(t, Map{"o": clean, "l": Of([]any{clean}), "s": resource.MakeSecret(clean)}, m)
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]Value{
		`"a"`: Of("a"), "1.5": Of(1.5), "12": Of(12), "true": Of(true), "null": Of(nil), "a list of 2": Of([]any{1, 2}), "an object": Of(map[string]any{}),
		"[secret]": resource.MakeSecret(Of("x")), "(known after apply)": Unknown(),
	} {
		require.Equal(t, want, Text(v))
	}
	long := make([]byte, 500)
	require.Less(t, len(Text(Of(string(long)))), 500)
}
