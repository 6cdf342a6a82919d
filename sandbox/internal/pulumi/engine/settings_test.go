package engine

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// userKeys are the keys of a user with the passphrase "open sesame". Deriving
// them takes a million hashes, hence once.
var userKeys = func() *keyring {
	salt := []byte("8 bytes.")
	key, err := deriveKey("open sesame", salt)
	if err != nil {
		panic(err)
	}
	keys := &keyring{Passphrase: "open sesame", Key: key}
	keys.Salt = "v1:" + base64.StdEncoding.EncodeToString(salt) + ":" + encrypted(keys, "pulumi")
	return keys
}()

// sandboxKeys are the keys of a sandbox.
var sandboxKeys = &keyring{Passphrase: "x", Salt: "v1:salt:proof", Key: make([]byte, config.SymmetricCrypterKeyBytes)}

func encrypted(keys *keyring, plain string) string {
	cipher, err := keys.crypter().EncryptValue(context.Background(), plain)
	if err != nil {
		panic(err)
	}
	return cipher
}

func decrypted(t *testing.T, keys *keyring, value any) string {
	t.Helper()
	cipher, ok := secretOf(value)
	require.True(t, ok, "%v is no secret", value)
	plain, err := keys.crypter().DecryptValue(t.Context(), cipher)
	require.NoError(t, err)
	return plain
}

// copyOf makes the working copy of a stack file and reads it back.
func copyOf(t *testing.T, text string, change func(*settingsCopy)) (settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Pulumi.test.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	c := settingsCopy{path: path, stack: "test", project: "small", keys: sandboxKeys, passphrase: passphraseFrom(new("open sesame"))}
	if change != nil {
		change(&c)
	}
	data, err := c.make()
	if err != nil {
		return settings{}, err
	}
	after, readErr := os.ReadFile(path)
	require.NoError(t, readErr)
	require.Equal(t, text, string(after), "the user's file is never written")
	var made settings
	require.NoError(t, yaml.Unmarshal(data, &made))
	return made, nil
}

func TestSettingsWithoutSecretsKeepEverythingElse(t *testing.T) {
	t.Parallel()
	made, err := copyOf(t, `
environment: [shared]
config:
  aws:region: us-west-2
  aws:defaultTags: {tags: {Project: small}}
  small:clients: [one, two]
  small:count: 3
`, nil)
	require.NoError(t, err)
	require.Equal(t, "v1:salt:proof", made.EncryptionSalt)
	require.Equal(t, []any{"shared"}, made.Rest["environment"])
	require.Equal(t, map[string]any{
		"aws:region":      "us-west-2",
		"aws:defaultTags": map[string]any{"tags": map[string]any{"Project": "small"}},
		"small:clients":   []any{"one", "two"},
		"small:count":     3,
	}, made.Config)
}

func TestSecretsOfTheUserAreReencrypted(t *testing.T) {
	t.Parallel()
	made, err := copyOf(t, `
encryptionsalt: `+userKeys.Salt+`
config:
  small:token: {secure: "`+encrypted(userKeys, "hush")+`"}
  small:deep:
    list: [{inner: {secure: "`+encrypted(userKeys, "deeper")+`"}}]
    plain: seen
`, nil)
	require.NoError(t, err)
	require.Equal(t, "hush", decrypted(t, sandboxKeys, made.Config["small:token"]))
	deep := made.Config["small:deep"].(map[string]any)
	require.Equal(t, "seen", deep["plain"])
	require.Equal(t, "deeper", decrypted(t, sandboxKeys, deep["list"].([]any)[0].(map[string]any)["inner"]))
	require.Equal(t, "v1:salt:proof", made.EncryptionSalt)
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	made, err := copyOf(t, "config: {small:colour: red, small:gone: x, aws:region: us-west-2}\n", func(c *settingsCopy) {
		c.overrides = map[string]ConfigValue{
			"colour":         {Value: "blue"},
			"gone":           {Value: nil},
			"never-there":    {Value: nil},
			"aws:region":     {Value: "us-east-1"},
			"clients":        {Value: []string{"a", "b"}},
			"token":          {Value: "hush", Secret: true},
			"other:property": {Value: true},
		}
	})
	require.NoError(t, err)
	require.Equal(t, "hush", decrypted(t, sandboxKeys, made.Config["small:token"]))
	delete(made.Config, "small:token")
	require.Equal(t, map[string]any{
		"small:colour": "blue", "aws:region": "us-east-1", "small:clients": []any{"a", "b"}, "other:property": true,
	}, made.Config)
}

func TestOverridesOfAnEmptyFile(t *testing.T) {
	t.Parallel()
	made, err := copyOf(t, "", func(c *settingsCopy) {
		c.overrides = map[string]ConfigValue{"colour": {Value: "blue"}}
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"small:colour": "blue"}, made.Config)
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	missing := func(c *settingsCopy) {
		c.passphrase = func() (string, error) { return "", errors.New("set PULUMI_CONFIG_PASSPHRASE") }
	}
	wrong := func(c *settingsCopy) { c.passphrase = passphraseFrom(new("open barley")) }
	secret := "{secure: \"" + encrypted(userKeys, "hush") + "\"}"
	for name, test := range map[string]struct {
		text   string
		change func(*settingsCopy)
		want   string
	}{
		"passphrase missing": {
			"encryptionsalt: " + userKeys.Salt + "\n", missing,
			"has an encryptionsalt, so its passphrase is needed: set PULUMI_CONFIG_PASSPHRASE",
		},
		"passphrase wrong": {
			"encryptionsalt: " + userKeys.Salt + "\nconfig: {small:token: " + secret + "}\n", wrong,
			"the passphrase does not fit the encryptionsalt",
		},
		"secret of another key": {
			"encryptionsalt: " + userKeys.Salt + "\nconfig: {small:token: {secure: \"" + encrypted(sandboxKeys, "hush") + "\"}}\n", nil,
			"the secret of small:token cannot be decrypted",
		},
		"secret without a salt": {
			"config: {small:token: " + secret + "}\n", nil,
			"the secret of small:token cannot be decrypted: the file has no encryptionsalt",
		},
		"salt malformed": {
			"encryptionsalt: v2:abc\nconfig: {small:token: " + secret + "}\n", nil,
			`encryptionsalt "v2:abc" is not of the form v1:<salt>:<proof>`,
		},
		"another provider": {
			"secretsprovider: awskms://alias/x\nencryptedkey: abc\nconfig: {small:token: " + secret + "}\n", nil,
			"encrypts its secrets with awskms://alias/x, which the sandbox cannot reach",
		},
		"no YAML": {"config: [\n", nil, "is not valid YAML"},
		"secret override of another type": {"", func(c *settingsCopy) {
			c.overrides = map[string]ConfigValue{"token": {Value: 3, Secret: true}}
		}, "the secret override of small:token must be a string, not int"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := copyOf(t, test.text, test.change)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, ExitUsage, ExitCode(err))
			require.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestAnotherProviderWithoutSecretsIsFine(t *testing.T) {
	t.Parallel()
	made, err := copyOf(t, "secretsprovider: awskms://alias/x\nencryptedkey: abc\nconfig: {small:colour: red}\n", nil)
	require.NoError(t, err)
	require.Empty(t, made.SecretsProvider)
	require.Empty(t, made.EncryptedKey)
}

func TestPassphraseComesFromTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "phrase")
	require.NoError(t, os.WriteFile(file, []byte("from the file\n"), 0o600))
	ask := passphraseFrom(nil)

	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "")
	require.NoError(t, os.Unsetenv("PULUMI_CONFIG_PASSPHRASE"))
	t.Setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "")
	_, err := ask()
	require.ErrorContains(t, err, "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it")

	t.Setenv("PULUMI_CONFIG_PASSPHRASE_FILE", file)
	phrase, err := ask()
	require.NoError(t, err)
	require.Equal(t, "from the file", phrase)

	t.Setenv("PULUMI_CONFIG_PASSPHRASE_FILE", file+"-missing")
	_, err = ask()
	require.ErrorContains(t, err, "PULUMI_CONFIG_PASSPHRASE_FILE: open")

	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "from the variable")
	phrase, err = ask()
	require.NoError(t, err)
	require.Equal(t, "from the variable", phrase)
}

func TestValuesKeepTheSpellingOfTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "Pulumi.test.yaml")
	text := "more: &more 010\nconfig:\n  small:tag: 1.10\n  small:list: [007, no, \"008\"]\n  small:alias: *more\n  small:gone: 1_0\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	c := settingsCopy{path: path, stack: "test", project: "small", keys: sandboxKeys, passphrase: passphraseFrom(new("open sesame"))}
	c.overrides = map[string]ConfigValue{"gone": {Value: "over"}}
	data, err := c.make()
	require.NoError(t, err)
	for _, line := range []string{"small:tag: 1.10\n", "small:list: [007, no, \"008\"]\n", "small:alias: 8\n", "small:gone: over\n"} {
		require.Contains(t, string(data), line)
	}
}
