package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// stackType is the type of the resource that holds a stack's outputs.
const stackType = "pulumi:pulumi:Stack"

// readDeployment reads a stack's state from the backend's file, which takes
// milliseconds where `pulumi stack export` takes the start of a process. It is
// empty, not nil, for a stack that was never deployed.
func readDeployment(path string) (*apitype.DeploymentV3, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if errors.Is(err, fs.ErrNotExist) {
		return &apitype.DeploymentV3{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	var file struct {
		Checkpoint struct {
			Latest *apitype.DeploymentV3 `json:"latest"`
		} `json:"checkpoint"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("the state in %s is damaged: %w; any run on the stack, such as `go run ./sandbox refresh --stack NAME`, "+
			"restores it where a run was killed while saving it; otherwise put back a copy, or remove the state directory to start anew", path, err)
	}
	if file.Checkpoint.Latest == nil {
		return &apitype.DeploymentV3{}, nil
	}
	return file.Checkpoint.Latest, nil
}

// outputsOf returns a deployment's stack outputs, secrets in plain text and
// marked as such.
func (k *keyring) outputsOf(deployment *apitype.DeploymentV3) (auto.OutputMap, error) {
	outputs := auto.OutputMap{}
	for i := range deployment.Resources {
		if deployment.Resources[i].Type != stackType {
			continue
		}
		for name, value := range deployment.Resources[i].Outputs {
			plain, secret, err := k.reveal(value)
			if err != nil {
				return nil, fmt.Errorf("output %s: %w", name, err)
			}
			outputs[name] = auto.OutputValue{Value: plain, Secret: secret}
		}
	}
	return outputs, nil
}

// reveal decrypts the secrets in a value of the state, at whatever depth.
func (k *keyring) reveal(value any) (plain any, secret bool, err error) {
	switch value := value.(type) {
	case map[string]any:
		if value[resource.SigKey] == resource.SecretSig {
			plain, err = k.decrypt(value)
			return plain, true, err
		}
		revealed := make(map[string]any, len(value))
		for key, inner := range value {
			part, partSecret, err := k.reveal(inner)
			if err != nil {
				return nil, false, err
			}
			revealed[key], secret = part, secret || partSecret
		}
		return revealed, secret, nil
	case []any:
		revealed := make([]any, len(value))
		for i, inner := range value {
			part, partSecret, err := k.reveal(inner)
			if err != nil {
				return nil, false, err
			}
			revealed[i], secret = part, secret || partSecret
		}
		return revealed, secret, nil
	default:
		return value, false, nil
	}
}

// decrypt returns the value of a secret, which the state holds as encrypted JSON.
func (k *keyring) decrypt(secret map[string]any) (any, error) {
	ciphertext, _ := secret["ciphertext"].(string)
	text, err := k.crypter().DecryptValue(context.Background(), ciphertext)
	if err != nil {
		return nil, fmt.Errorf("the secret cannot be decrypted with this sandbox's key: %w", err)
	}
	var plain any
	if err := json.Unmarshal([]byte(text), &plain); err != nil {
		return nil, fmt.Errorf("the decrypted secret is not JSON: %w", err)
	}
	return plain, nil
}
