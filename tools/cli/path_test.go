package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakePulumi puts a `pulumi` of the given version alone on the PATH. Tests that
// set the PATH cannot run in parallel.
func fakePulumi(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "pulumi")
	write(t, path, "#!/bin/sh\necho "+version+"\n", 0o700)
	t.Setenv("PATH", dir)
	return path
}

// builderWithPinned has the pinned CLI built already, in name at least.
func builderWithPinned(t *testing.T) (Builder, string) {
	t.Helper()
	builder := Builder{Root: t.TempDir(), Log: &syncBuffer{}}
	require.NoError(t, os.MkdirAll(builder.binDir(), 0o750))
	built := filepath.Join(builder.binDir(), "pulumi-v3.274.1")
	write(t, built, "#!/bin/sh\n", 0o700)
	return builder, built
}

func TestCompatibleCLIOnThePathIsUsed(t *testing.T) {
	path := fakePulumi(t, "v3.280.1")
	builder, _ := builderWithPinned(t)

	command, err := builder.PulumiCommand(t.Context())
	require.NoError(t, err)
	require.Equal(t, path, command.Path)
	require.Equal(t, "3.280.1", command.Version.String())
	require.Empty(t, logOf(builder))
}

func TestOtherCLIsOnThePathAreNotUsed(t *testing.T) {
	for version, said := range map[string]string{
		"v3.100.0": "is version 3.100.0; 3.274.1 or newer of the same major version is needed",
		"v4.0.0":   "is version 4.0.0; 3.274.1 or newer of the same major version is needed",
		"":         `is not usable: it calls itself ""`,
	} {
		t.Run("version "+version, func(t *testing.T) {
			fakePulumi(t, version)
			builder, built := builderWithPinned(t)

			command, err := builder.PulumiCommand(t.Context())
			require.NoError(t, err)
			require.Equal(t, built, command.Path)
			require.Equal(t, "3.274.1", command.Version.String())
			require.Contains(t, logOf(builder), said)
		})
	}
}

func TestPinnedCLIIsUsedWithoutOneOnThePath(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	builder, built := builderWithPinned(t)

	command, err := builder.PulumiCommand(t.Context())
	require.NoError(t, err)
	require.Equal(t, built, command.Path)
	require.Empty(t, logOf(builder))
}

func TestBuildingWithoutGoIsAClearError(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	builder := Builder{Root: t.TempDir()}
	require.NoError(t, os.MkdirAll(filepath.Join(builder.Root, "tools", "pulumi"), 0o750))

	_, err := builder.PulumiCommand(t.Context())
	require.ErrorContains(t, err, "building pulumi needs the go command on the PATH")
}
