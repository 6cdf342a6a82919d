package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Description says where a served stack is reached. It is kept in a file while the stack is served, for programs such as
// cmd/probe.
type Description struct {
	Stack string `json:"stack"`
	// Host is the editors' host name; requests need it as their Host, and TLS as its server name.
	Host string `json:"host"`
	// HTTPS and HTTP are the addresses to connect to instead of Host's ports 443 and 80.
	HTTPS string `json:"https"`
	HTTP  string `json:"http"`
	// CA is the path of the certificate to trust.
	CA string `json:"ca"`
	// AWSEndpoint is the address of the account's API front, and AWSEnvironment what an AWS SDK needs in its environment to
	// use it with the deployer's credentials.
	AWSEndpoint    string            `json:"awsEndpoint"`
	AWSEnvironment map[string]string `json:"awsEnvironment"`
	// Speed is how many seconds of the service's time pass in one of the machine's.
	Speed float64 `json:"speed"`
	// CDNHost is the host name of a CloudFront distribution with our behaviours, if there is one, at the same addresses.
	CDNHost string         `json:"cdnHost,omitempty"`
	Outputs map[string]any `json:"outputs"`
	PID     int            `json:"pid"`
}

// directory is where serving keeps its things.
func directory(stateDir string) string { return filepath.Join(stateDir, "serve") }

// DescriptionPath is the file that describes a stack while it is served.
func DescriptionPath(stateDir, stack string) string {
	return filepath.Join(directory(stateDir), stack+".json")
}

// ErrNotServed means that there is no description: nobody serves the stack.
var ErrNotServed = errors.New("not served")

// Describe reads the description of a stack that is served from a state directory.
func Describe(stateDir, stack string) (*Description, error) {
	path := DescriptionPath(stateDir, stack)
	data, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("stack %s is %w: there is no %s; `go run ./sandbox serve --stack %s` serves it", stack, ErrNotServed, path, stack)
	}
	if err != nil {
		return nil, fmt.Errorf("read where stack %s is served: %w", stack, err)
	}
	d := &Description{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("read where stack %s is served: %s: %w", stack, path, err)
	}
	if d.PID != 0 && unix.Kill(d.PID, 0) != nil {
		return nil, fmt.Errorf("stack %s is %w: process %d, which served it, has ended; `go run ./sandbox serve --stack %s` serves it",
			stack, ErrNotServed, d.PID, stack)
	}
	return d, nil
}

// write keeps the description for others; it holds credentials of the simulated account, so it is the owner's alone.
func (d *Description) write(stateDir string) error {
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("describe the served stack: %w", err)
	}
	path := DescriptionPath(stateDir, d.Stack)
	temporary := path + ".new" // a reader never sees half a file
	if err := os.WriteFile(temporary, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("describe the served stack: %w", err)
	}
	return os.Rename(temporary, path)
}
