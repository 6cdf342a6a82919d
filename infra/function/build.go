package function

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"
	"golang.org/x/mod/modfile"
)

const (
	// bootstrapName is the executable that the provided.al2023 runtime starts (AWS Lambda: "Custom runtimes").
	bootstrapName = "bootstrap"
	// buildRecipe changes whenever the way of building does, so that older archives are not taken for current ones.
	buildRecipe = "1"
)

// builder turns the Go sources of a function into a deployment package. The same sources give the same bytes
// on every machine: the toolchain is the one go.mod names, paths and build IDs are left out, and the archive is
// written with a pinned compressor and no times.
type builder struct {
	// root is the module's folder; packages are kept in root/.build.
	root string
}

// newFunctionBuilder finds the module that holds the functions, at or above the working directory.
func newBuilder() (*builder, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the module of the functions: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "functions")); err == nil {
			if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
				return &builder{root: at}, nil
			}
		}
		if at == filepath.Dir(at) {
			return nil, fmt.Errorf("find the module of the functions: no folder with go.mod and functions/ at or above %s", dir)
		}
	}
}

// build returns the path of functions/<source>'s deployment package, building it if its sources changed.
func (b *builder) build(ctx context.Context, source string) (string, error) {
	toolchain, err := b.toolchain()
	if err != nil {
		return "", err
	}
	key, err := b.sourceKey(toolchain)
	if err != nil {
		return "", fmt.Errorf("build function %s: %w", source, err)
	}
	archive := filepath.Join(b.root, ".build", "functions", source+"-"+key+".zip")
	if _, err := os.Stat(archive); err == nil {
		return archive, nil
	}
	if err := os.MkdirAll(filepath.Dir(archive), 0o750); err != nil {
		return "", fmt.Errorf("build function %s: %w", source, err)
	}
	work, err := os.MkdirTemp(filepath.Dir(archive), source+"-*")
	if err != nil {
		return "", fmt.Errorf("build function %s: %w", source, err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary := filepath.Join(work, bootstrapName)
	if err := b.compile(ctx, source, toolchain, binary); err != nil {
		return "", err
	}
	packed := filepath.Join(work, "package.zip")
	if err := packBootstrap(binary, packed); err != nil {
		return "", fmt.Errorf("pack function %s: %w", source, err)
	}
	// Two runs may build at once; both rename the same bytes into place.
	if err := os.Rename(packed, archive); err != nil {
		return "", fmt.Errorf("build function %s: %w", source, err)
	}
	return archive, nil
}

var errNoToolchain = errors.New("go.mod names no toolchain")

// toolchain is the Go release go.mod pins; another release would give other bytes.
func (b *builder) toolchain() (string, error) {
	path := filepath.Join(b.root, "go.mod")
	data, err := os.ReadFile(path) //nolint:gosec // the module's own go.mod
	if err != nil {
		return "", fmt.Errorf("read the toolchain of the functions: %w", err)
	}
	module, err := modfile.Parse(path, data, nil)
	if err != nil {
		return "", fmt.Errorf("read the toolchain of the functions: %w", err)
	}
	if module.Toolchain == nil {
		return "", fmt.Errorf("%w: add a line such as `toolchain go1.26.8`", errNoToolchain)
	}
	return module.Toolchain.Name, nil
}

// interruptGrace is what an interrupted compiler has to clean up after itself.
const interruptGrace = 5 * time.Second

// compile builds one function for Lambda's arm64, with the compiler's own message when it fails.
func (b *builder) compile(ctx context.Context, source, toolchain, binary string) error {
	environment, err := b.environment(ctx, toolchain)
	if err != nil {
		return fmt.Errorf("build function %s: %w", source, err)
	}
	//nolint:gosec // arguments are the program's own
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-tags", "lambda.norpc",
		"-ldflags", "-s -w -buildid=", "-o", binary, "./functions/"+source)
	cmd.Dir = b.root
	cmd.Env = append(environment, "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64", "GOARM64=v8.0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build function %s: `go build ./functions/%s` with %s: %w\n%s", source, source, toolchain, err, output.String())
	}
	return nil
}

// fetchSettings are the Go settings that say where modules and built packages come from. They do not change the bytes.
var fetchSettings = []string{
	"GOAUTH", "GOCACHE", "GOCACHEPROG", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY",
	"GOSUMDB", "GOVCS",
}

// environment is the caller's, without the Go settings that would change the bytes: neither those of the environment
// nor those that `go env -w` wrote into a file, which an empty variable does not override.
func (b *builder) environment(ctx context.Context, toolchain string) ([]string, error) {
	//nolint:gosec // arguments are the program's own
	cmd := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, fetchSettings...)...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain, "GOFLAGS=", "GOWORK=off")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	answer, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask `go env` with %s: %w\n%s", toolchain, err, complaint.String())
	}
	var settings map[string]string
	if err := json.Unmarshal(answer, &settings); err != nil {
		return nil, fmt.Errorf("read the answer of `go env`: %w", err)
	}
	environment := withoutGoSettings(os.Environ())
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if settings[name] != "" {
			environment = append(environment, name+"="+settings[name])
		}
	}
	return append(environment, "GOTOOLCHAIN="+toolchain, "GOENV=off", "GOWORK=off", "GOFLAGS="), nil
}

// withoutGoSettings drops what would change the bytes from the caller's environment.
func withoutGoSettings(environment []string) []string {
	var kept []string
	for _, entry := range environment {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case "GO111MODULE", "GOAMD64", "GOARCH", "GOARM64", "GODEBUG", "GOENV", "GOEXPERIMENT", "GOFIPS140", "GOFLAGS", "GOOS",
			"GOTOOLCHAIN", "GOWORK", "CGO_ENABLED":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

// sourceKey identifies everything that goes into a function's bytes: the sources below functions/ without tests, the
// module files, the toolchain and the recipe. All functions share it; there are few and they build in seconds.
func (b *builder) sourceKey(toolchain string) (string, error) {
	files := []string{filepath.Join(b.root, "go.mod"), filepath.Join(b.root, "go.sum")}
	err := filepath.WalkDir(filepath.Join(b.root, "functions"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("list sources: %w", err)
	}
	sort.Strings(files)
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "recipe %s %s\n", buildRecipe, toolchain)
	for _, path := range files {
		data, err := os.ReadFile(path) //nolint:gosec // files of the module
		if err != nil {
			return "", fmt.Errorf("read sources: %w", err)
		}
		relative, err := filepath.Rel(b.root, path)
		if err != nil {
			return "", fmt.Errorf("read sources: %w", err)
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n", filepath.ToSlash(relative), len(data))
		_, _ = sum.Write(data)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// packBootstrap writes a zip with the executable as its only, executable, entry.
func packBootstrap(binary, archive string) (err error) {
	data, err := os.ReadFile(binary) //nolint:gosec // built a moment ago
	if err != nil {
		return fmt.Errorf("read binary: %w", err)
	}
	out, err := os.Create(archive) //nolint:gosec // in our own work folder
	if err != nil {
		return fmt.Errorf("create archive: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	writer := zip.NewWriter(out)
	// The standard library's compressor may change with the Go release that runs this program; this one is pinned.
	writer.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: bootstrapName, Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := writer.CreateHeader(header)
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	if _, err := entry.Write(data); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}
