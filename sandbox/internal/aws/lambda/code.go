package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// Quotas of deployment packages (Lambda developer guide, "Lambda quotas").
const (
	maxZipUpload   = 50 << 20
	maxZipUnpacked = 250 << 20
)

// storeCode reads the function's archive as Lambda would, keeps it, and sets the
// outputs that depend on it.
func storeCode(c *kind.Call) error {
	v := c.In["code"]
	if !v.IsArchive() {
		c.Set("codeSha256", "")
		c.Set("sourceCodeSize", 0)
		c.Default("sourceCodeHash", "")
		return nil
	}
	data, err := v.ArchiveValue().Bytes(archive.ZIPArchive)
	if err != nil {
		c.Refuse("code", invalidParameter, "the archive cannot be read: %v", err)
		return nil
	}
	if fault := checkCode(c, data); fault != "" {
		c.Refuse("code", invalidParameter, "%s", fault)
		return nil
	}
	sum := sha256.Sum256(data)
	if err := keepCode(CodePath(c.CodeDir, hex.EncodeToString(sum[:])), data); err != nil {
		return fmt.Errorf("keeping the code of function %s: %w", c.ID, err)
	}
	c.Set("codeSha256", base64.StdEncoding.EncodeToString(sum[:]))
	c.Set("sourceCodeSize", len(data))
	c.Default("sourceCodeHash", base64.StdEncoding.EncodeToString(sum[:]))
	return nil
}

func checkCode(c *kind.Call, data []byte) string {
	if len(data) > maxZipUpload {
		return fmt.Sprintf("the deployment package has %d bytes, an upload may have %d", len(data), maxZipUpload)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Sprintf("Could not unzip uploaded file. Please check your file, then try to upload again: %v", err)
	}
	var unpacked uint64
	var bootstrap *zip.File
	for _, f := range z.File {
		unpacked += f.UncompressedSize64
		if f.Name == "bootstrap" {
			bootstrap = f
		}
	}
	if len(z.File) == 0 {
		return "Uploaded file must be a non-empty zip"
	}
	if unpacked > maxZipUnpacked {
		return fmt.Sprintf("Unzipped size must be smaller than %d bytes, it is %d", maxZipUnpacked, unpacked)
	}
	if !strings.HasPrefix(props.Str(c.In, "runtime"), "provided") {
		return ""
	}
	const executable = 0o111
	if bootstrap == nil {
		return "the archive has no file bootstrap at its root, which the runtime " + props.Str(c.In,
			"runtime") + " starts (Runtime.InvalidEntrypoint)"
	}
	if bootstrap.Mode()&executable == 0 {
		return fmt.Sprintf("bootstrap is not executable in the archive (mode %v): Lambda could not start it (fork/exec /var/task/bootstrap: "+
			"permission denied); pack it with mode 0755", bootstrap.Mode())
	}
	return ""
}

// CodePath is the file that holds a deployment package, by its SHA-256 in hexadecimal.
func CodePath(dir, sum string) string { return filepath.Join(dir, sum+".zip") }

// keepCode writes the package once; its name is its content.
func keepCode(path string, data []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "code-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename; what a full disk cut short goes now
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
