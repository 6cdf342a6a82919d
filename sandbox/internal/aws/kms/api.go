package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

const typeAlias = "aws:kms/alias:Alias"

// The service answers AWS KMS, AWS JSON 1.1.
func init() {
	wire.Register(&wire.Service{Name: "kms", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"CreateKey":   wire.JSONOperation(createKey),
		"CreateAlias": wire.JSONOperation(createAlias),
		"Encrypt":     wire.JSONOperation(encrypt),
		"Decrypt":     wire.JSONOperation(decrypt),
	}})
}

func createKey(x *wire.Exchange, in *struct {
	Description string `json:"Description"`
},
) (any, error) {
	if err := x.Allow("kms:CreateKey", "*", nil); err != nil {
		return nil, err
	}
	key, err := x.Create(view.TypeKey, map[string]any{"description": in.Description})
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyMetadata": map[string]any{
		"AWSAccountId": view.AccountID, "KeyId": key.ID, "Arn": view.Text(key, "arn"), "Description": in.Description,
		"CreationDate": wire.Stamp(x.Now),
		"Enabled":      true, "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "Origin": "AWS_KMS",
		"KeyManager": "CUSTOMER", "MultiRegion": false,
	}}, nil
}

func createAlias(x *wire.Exchange, in *struct {
	AliasName   string `json:"AliasName"`
	TargetKeyID string `json:"TargetKeyId"`
},
) (any, error) {
	if err := x.Allow("kms:CreateAlias", view.ARN("kms", in.AliasName), nil); err != nil {
		return nil, err
	}
	key, err := findKey(x, in.TargetKeyID)
	if err != nil {
		return nil, err
	}
	if err := x.Allow("kms:CreateAlias", view.Text(key, "arn"), nil); err != nil {
		return nil, err
	}
	_, err = x.Create(typeAlias, map[string]any{"name": in.AliasName, "targetKeyId": key.ID})
	return struct{}{}, err
}

// findKey finds a key by its ID, its ARN, or an alias.
func findKey(x *wire.Exchange, name string) (view.Resource, error) {
	store := x.Store
	if at := strings.Index(name, ":alias/"); at >= 0 {
		name = name[at+1:]
	}
	if strings.HasPrefix(name, "alias/") {
		alias, ok := store.Get(typeAlias, name)
		if !ok {
			return view.Resource{}, wire.Refuse("NotFoundException", "Alias %s is not found.", view.ARN("kms", name))
		}
		name = view.Text(alias, "targetKeyId")
	}
	id := name[strings.LastIndexByte(name, '/')+1:]
	key, ok := store.Get(view.TypeKey, id)
	if !ok {
		return view.Resource{}, wire.Refuse("NotFoundException", "Key '%s' does not exist", view.ARN("kms", "key/"+id))
	}
	return key, nil
}

// cipherOf seals for a key. Nothing here is secret from whoever has the account's state.
func cipherOf(key view.Resource) (cipher.AEAD, error) {
	sum := sha256.Sum256([]byte("the sandbox's key " + key.ID))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func encrypt(x *wire.Exchange, in *struct {
	KeyID     string `json:"KeyId"`
	Plaintext []byte `json:"Plaintext"`
},
) (any, error) {
	key, err := keyFor(x, "kms:Encrypt", in.KeyID)
	if err != nil {
		return nil, err
	}
	sealer, err := cipherOf(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, sealer.NonceSize())
	_, _ = rand.Read(nonce) // never fails, says its documentation
	blob := sealer.Seal(append([]byte(key.ID), nonce...), nonce, in.Plaintext, nil)
	return map[string]any{"CiphertextBlob": blob, "KeyId": view.Text(key, "arn"), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}

// keyFor finds a key and authorises the call on it.
func keyFor(x *wire.Exchange, action, name string) (view.Resource, error) {
	key, err := findKey(x, name)
	if err != nil {
		x.AllowAnybody(action) // KMS says what there is not
		return key, err
	}
	return key, x.Allow(action, view.Text(key, "arn"), nil)
}

func decrypt(x *wire.Exchange, in *struct {
	KeyID string `json:"KeyId"`
	Blob  []byte `json:"CiphertextBlob"`
},
) (any, error) {
	const idLength = len("7c1d9e42-5b0a-4f38-9a6e-d2c4b8f01e75")
	invalid := wire.Refuse("InvalidCiphertextException", "")
	if len(in.Blob) < idLength {
		x.AllowAnybody("kms:Decrypt")
		return nil, invalid
	}
	key, err := keyFor(x, "kms:Decrypt", string(in.Blob[:idLength]))
	if err != nil {
		return nil, err
	}
	if in.KeyID != "" {
		named, err := findKey(x, in.KeyID)
		if err != nil {
			return nil, err
		}
		if named.ID != key.ID {
			return nil, wire.Refuse("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	opener, err := cipherOf(key)
	if err != nil {
		return nil, err
	}
	rest := in.Blob[idLength:]
	if len(rest) < opener.NonceSize() {
		return nil, invalid
	}
	plain, err := opener.Open(nil, rest[:opener.NonceSize()], rest[opener.NonceSize():], nil)
	if err != nil {
		return nil, invalid
	}
	return map[string]any{"Plaintext": plain, "KeyId": view.Text(key, "arn"), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, nil
}
