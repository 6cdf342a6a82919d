package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Function is the configuration of a deployed function.
type Function struct {
	Name          string   `json:"name"`
	ARN           string   `json:"arn"`
	RoleARN       string   `json:"role"`
	Handler       string   `json:"handler"`
	Runtime       string   `json:"runtime"`
	TimeoutSecs   int      `json:"timeout"`
	MemoryMB      int      `json:"memorySize"`
	Reserved      *int     `json:"reservedConcurrentExecutions"` // nil or -1: none reserved
	Architectures []string `json:"architectures"`
	Environment   struct {
		Variables map[string]string `json:"variables"`
	} `json:"environment"`
	VPC struct {
		SubnetIDs []string `json:"subnetIds"`
	} `json:"vpcConfig"`
	FileSystem struct {
		AccessPointARN string `json:"arn"`
		MountPath      string `json:"localMountPath"`
	} `json:"fileSystemConfig"`
	// Archive is the path of the deployed package as the program named it.
	Archive string `json:"-"`
	// CodeHash changes with every deployed package.
	CodeHash string `json:"codeSha256"`
}

// Timeout is the longest time that one invocation may take.
func (f *Function) Timeout() time.Duration { return time.Duration(f.TimeoutSecs) * time.Second }

// inVPC says whether the function runs in subnets of the account, from where it reaches no AWS API by itself.
func (f *Function) inVPC() bool { return len(f.VPC.SubnetIDs) > 0 }

// LogGroup is where the function's output goes.
func (f *Function) LogGroup() string { return "/aws/lambda/" + f.Name }

// fingerprint is everything that makes a running instance outdated when it changes.
func (f *Function) fingerprint() string {
	data, _ := json.Marshal(f) //nolint:errchkjson // plain texts and numbers
	return f.Archive + string(data)
}

// Lambda's own defaults (CreateFunction in the API reference).
const (
	defaultTimeoutSecs = 3
	defaultMemoryMB    = 128
)

var errNoFunction = errors.New("the account has no such function")

// Functions reads all deployed functions.
func Functions(store view.Store) ([]*Function, error) {
	var out []*Function
	for _, r := range store.List(view.TypeFunction) {
		f, err := readFunction(r)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// findFunction reads a deployed function by its name or ARN.
func findFunction(store view.Store, nameOrARN string) (*Function, error) {
	for _, r := range store.List(view.TypeFunction) {
		if text(r.State, "name") == nameOrARN || text(r.State, "arn") == nameOrARN {
			return readFunction(r)
		}
	}
	return nil, fmt.Errorf("function %s: %w", nameOrARN, errNoFunction)
}

func readFunction(r view.Resource) (*Function, error) {
	f := &Function{}
	if err := view.Decode(r.State, f); err != nil {
		return nil, fmt.Errorf("function %s: %w", r.ID, err)
	}
	if code := r.State["code"]; code.IsArchive() {
		f.Archive = code.ArchiveValue().Path
	}
	if f.TimeoutSecs == 0 {
		f.TimeoutSecs = defaultTimeoutSecs
	}
	if f.MemoryMB == 0 {
		f.MemoryMB = defaultMemoryMB
	}
	return f, nil
}

func text(state resource.PropertyMap, key string) string {
	if value := state[resource.PropertyKey(key)]; value.IsString() {
		return value.StringValue()
	}
	return ""
}

// archiveName is what the program calls a function's deployment package: SOURCE-HASH.zip.
var archiveName = regexp.MustCompile(`^([a-z][a-z0-9]*)-[0-9a-f]{8,}\.zip$`)

// functionNames lead from the project's function names to their sources, for accounts that do not know the package's path.
var functionNames = []struct{ prefix, source string }{
	{"webordinary-edit-scaler", "scaler"},
	{"webordinary-workspace-cleanup", "cleanup"},
	{"webordinary-edit-behaviors", "behaviors"},
}

// PackageOf says which Go package of this module a deployed function was built from: the one that its deployment package
// is named after, else the one that its own name stands for.
func PackageOf(f *Function) (string, error) {
	if match := archiveName.FindStringSubmatch(filepath.Base(f.Archive)); match != nil {
		return "./functions/" + match[1], nil
	}
	for _, known := range functionNames {
		if strings.HasPrefix(f.Name, known.prefix) {
			return "./functions/" + known.source, nil
		}
	}
	return "", fmt.Errorf("function %s: no Go package is known for it (its deployment package is %q)", f.Name, f.Archive)
}
