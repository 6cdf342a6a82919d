package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// ConfigValue overrides one key of a stack's configuration.
type ConfigValue struct {
	// Value is a string, number, boolean, list or map; nil removes the key.
	Value any
	// Secret encrypts the value, which must then be a string.
	Secret bool
}

// settings is a stack file: what is known of it, and the rest as it is.
type settings struct {
	EncryptionSalt  string         `yaml:"encryptionsalt,omitempty"`
	SecretsProvider string         `yaml:"secretsprovider,omitempty"`
	EncryptedKey    string         `yaml:"encryptedkey,omitempty"`
	Config          map[string]any `yaml:"config,omitempty"`
	Rest            map[string]any `yaml:",inline"`
}

// settingsCopy makes the copy of a stack file that the engine works on.
type settingsCopy struct {
	path       string // the user's file
	stack      string
	project    string
	overrides  map[string]ConfigValue
	keys       *keyring
	passphrase func() (string, error)
}

// make returns the copy: secrets re-encrypted with the sandbox's own key, and
// the overrides applied.
func (c settingsCopy) make() ([]byte, error) {
	data, err := os.ReadFile(c.path)
	if err != nil {
		return nil, usagef("cannot read the settings of stack %s: %w", c.stack, err)
	}
	var file settings
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, usagef("%s is not valid YAML: %w", c.path, err)
	}
	if err := c.reencrypt(&file); err != nil {
		return nil, err
	}
	if err := keepSpelling(data, file.Config); err != nil {
		return nil, usagef("%s is not valid YAML: %w", c.path, err)
	}
	if err := c.override(&file); err != nil {
		return nil, err
	}
	return yaml.Marshal(file)
}

// keepSpelling replaces values without secrets by what stands in the file: a program may tell 1.10 from 1.1, which YAML
// does not.
func keepSpelling(data []byte, values map[string]any) error {
	var file struct {
		Config map[string]yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return err
	}
	for key, node := range file.Config {
		if !containsSecret(values[key]) && !shared(&node) {
			values[key] = &node
		}
	}
	return nil
}

// shared says that a value refers to another place of its file, or is referred to.
func shared(node *yaml.Node) bool {
	return node.Kind == yaml.AliasNode || node.Anchor != "" || slices.ContainsFunc(node.Content, shared)
}

// reencrypt replaces every secret by one under the sandbox's key.
func (c settingsCopy) reencrypt(file *settings) error {
	decrypt, err := c.decrypter(file)
	if err != nil {
		return err
	}
	for key, value := range file.Config {
		if file.Config[key], err = c.translate(value, decrypt); err != nil {
			return usagef("%s: the secret of %s cannot be decrypted: %w", c.path, key, err)
		}
	}
	file.EncryptionSalt, file.SecretsProvider, file.EncryptedKey = c.keys.Salt, "", ""
	return nil
}

// decrypter returns what decrypts the file's secrets. The passphrase is tested
// only when there is a secret, since that takes a million hashes.
func (c settingsCopy) decrypter(file *settings) (config.Decrypter, error) {
	hasSecrets := containsSecret(file.Config)
	if p := file.SecretsProvider; p != "" && p != "passphrase" && hasSecrets {
		return nil, usagef("%s encrypts its secrets with %s, which the sandbox cannot reach; "+
			"it reads secrets of the passphrase provider only", c.path, p)
	}
	if file.EncryptionSalt == "" {
		return nil, nil //nolint:nilnil // no secrets to decrypt is no error
	}
	phrase, err := c.passphrase()
	if err != nil {
		return nil, usagef("%s has an encryptionsalt, so its passphrase is needed: %w", c.path, err)
	}
	if !hasSecrets {
		return nil, nil //nolint:nilnil // as above
	}
	decrypt, err := unlock(phrase, file.EncryptionSalt)
	if errors.Is(err, errWrongPassphrase) {
		return nil, usagef("the passphrase does not fit the encryptionsalt of %s; "+
			"check PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE", c.path)
	}
	if err != nil {
		return nil, usagef("%s: %w", c.path, err)
	}
	return decrypt, nil
}

var errNoSalt = errors.New("the file has no encryptionsalt")

// translate re-encrypts the secrets in a value, at whatever depth.
func (c settingsCopy) translate(value any, decrypt config.Decrypter) (any, error) {
	if cipher, ok := secretOf(value); ok {
		if decrypt == nil {
			return nil, errNoSalt
		}
		plain, err := decrypt.DecryptValue(context.Background(), cipher)
		if err != nil {
			return nil, err
		}
		return c.secure(plain)
	}
	var err error
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if value[key], err = c.translate(inner, decrypt); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, inner := range value {
			if value[i], err = c.translate(inner, decrypt); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func (c settingsCopy) secure(plain string) (any, error) {
	cipher, err := c.keys.crypter().EncryptValue(context.Background(), plain)
	if err != nil {
		return nil, err
	}
	return map[string]any{"secure": cipher}, nil
}

// override applies the caller's values; a key without a namespace is the
// project's own.
func (c settingsCopy) override(file *settings) error {
	if file.Config == nil {
		file.Config = map[string]any{}
	}
	for key, value := range c.overrides {
		if !strings.Contains(key, ":") {
			key = c.project + ":" + key
		}
		if value.Value == nil {
			delete(file.Config, key)
			continue
		}
		file.Config[key] = value.Value
		if !value.Secret {
			continue
		}
		text, ok := value.Value.(string)
		if !ok {
			return usagef("the secret override of %s must be a string, not %T", key, value.Value)
		}
		secret, err := c.secure(text)
		if err != nil {
			return err
		}
		file.Config[key] = secret
	}
	return nil
}

// secretOf returns the ciphertext if value is Pulumi's form of a secret, a map
// with the only key "secure".
func secretOf(value any) (string, bool) {
	fields, ok := value.(map[string]any)
	if !ok || len(fields) != 1 {
		return "", false
	}
	cipher, ok := fields["secure"].(string)
	return cipher, ok
}

func containsSecret(value any) bool {
	if _, ok := secretOf(value); ok {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if containsSecret(inner) {
				return true
			}
		}
	case []any:
		for _, inner := range value {
			if containsSecret(inner) {
				return true
			}
		}
	}
	return false
}

// passphraseFrom returns the passphrase of the stack files: the given one, or
// what Pulumi itself would read from the environment.
func passphraseFrom(given *string) func() (string, error) {
	return func() (string, error) {
		if given != nil {
			return *given, nil
		}
		if phrase, ok := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE"); ok {
			return phrase, nil
		}
		path := os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE")
		if path == "" {
			return "", errors.New("set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it")
		}
		data, err := os.ReadFile(path) //nolint:gosec // the file that the user names
		if err != nil {
			return "", fmt.Errorf("PULUMI_CONFIG_PASSPHRASE_FILE: %w", err)
		}
		return strings.TrimSpace(string(data)), nil
	}
}
