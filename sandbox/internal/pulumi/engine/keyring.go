package engine

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// pbkdf2Rounds is what Pulumi's passphrase secrets provider uses (version tag
// "v1": PBKDF2 with SHA-256, AES-256-GCM).
const pbkdf2Rounds = 1_000_000

// keyring encrypts what the sandbox stores, with a passphrase of its own: the
// state never depends on the passphrase of a stack file, so a salt that is added
// to one later does not make an existing state unreadable.
type keyring struct {
	// Passphrase is given to the CLI.
	Passphrase string `json:"passphrase"`
	// Salt is the encryption salt for the stack files' copies, in Pulumi's form:
	// "v1:<salt>:<the word pulumi, encrypted>".
	Salt string `json:"salt"`
	// Key is derived from both; keeping it saves a million hashes a run, and
	// tells a reader of this file no more than the passphrase does.
	Key []byte `json:"key"`
}

// openKeyring reads the key file, or makes one.
func openKeyring(path string) (*keyring, error) {
	keys, err := readKeyring(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if keys, err = newKeyring(); err != nil {
		return nil, err
	}
	if err := writeNew(path, keys); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("cannot keep the sandbox's key: %w", err)
	}
	return readKeyring(path) // another process may have been first
}

func readKeyring(path string) (*keyring, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if err != nil {
		return nil, err
	}
	keys := &keyring{}
	if err := json.Unmarshal(data, keys); err != nil || len(keys.Key) != config.SymmetricCrypterKeyBytes {
		return nil, usagef("%s is damaged, and with it the secrets of this sandbox are lost; "+
			"remove the state directory %s to start anew", path, filepath.Dir(path))
	}
	return keys, nil
}

func newKeyring() (*keyring, error) {
	salt := make([]byte, 8)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	keys := &keyring{Passphrase: rand.Text()}
	var err error
	if keys.Key, err = deriveKey(keys.Passphrase, salt); err != nil {
		return nil, err
	}
	proof, err := keys.crypter().EncryptValue(context.Background(), "pulumi")
	if err != nil {
		return nil, err
	}
	keys.Salt = "v1:" + base64.StdEncoding.EncodeToString(salt) + ":" + proof
	return keys, nil
}

func (k *keyring) crypter() config.Crypter { return config.NewSymmetricCrypter(k.Key) }

func deriveKey(passphrase string, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, passphrase, salt, pbkdf2Rounds, config.SymmetricCrypterKeyBytes)
}

var errWrongPassphrase = errors.New("wrong passphrase")

// unlock returns a decrypter for what was encrypted under the salt of a stack
// file, after proving the passphrase on it.
func unlock(passphrase, salt string) (config.Decrypter, error) {
	parts := strings.SplitN(salt, ":", 3)
	if len(parts) != 3 || parts[0] != "v1" {
		return nil, fmt.Errorf("encryptionsalt %q is not of the form v1:<salt>:<proof>", salt)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("encryptionsalt %q: %w", salt, err)
	}
	key, err := deriveKey(passphrase, raw)
	if err != nil {
		return nil, err
	}
	crypter := config.NewSymmetricCrypter(key)
	if word, err := crypter.DecryptValue(context.Background(), parts[2]); err != nil || word != "pulumi" {
		return nil, errWrongPassphrase
	}
	return crypter, nil
}

// writeNew writes a JSON file that must not exist yet, complete or not at all.
func writeNew(path string, content any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Link(temp.Name(), path) // unlike a rename, never replaces
}
