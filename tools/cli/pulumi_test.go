package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/blang/semver"
	"github.com/stretchr/testify/require"
)

func TestPinnedVersionsMatchTheToolModules(t *testing.T) {
	t.Parallel()
	modules := map[string]struct {
		tool     Tool
		required string
	}{
		"CLI":           {Pulumi, "github.com/pulumi/pulumi/pkg/v3 " + Pulumi.Version},
		"language host": {LanguageGo, "github.com/pulumi/pulumi/sdk/v3 " + LanguageGo.Version},
	}
	for name, module := range modules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goMod, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(module.tool.Module), "go.mod"))
			require.NoError(t, err)
			require.Contains(t, string(goMod), module.required)
			require.Contains(t, string(goMod), "tool "+module.tool.Package)
			require.Contains(t, module.tool.LinkFlags, "version.Version="+module.tool.Version)
		})
	}
}

func TestCompatibleVersions(t *testing.T) {
	t.Parallel()
	pinned := semver.MustParse("3.274.1")
	for version, want := range map[string]bool{
		"3.274.1": true, "3.274.2": true, "3.300.0": true,
		"3.273.9": false, "3.274.1-alpha.1": false, "2.999.0": false, "4.0.0": false,
	} {
		require.Equal(t, want, compatible(semver.MustParse(version), pinned), version)
	}
}

// bigFile writes a file large enough to count as a CLI.
func bigFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pulumi")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), smallestBinary), 0o600))
	return path
}

// asker counts how often it was asked.
type asker struct {
	answer string
	asked  int
}

func (a *asker) ask() (string, error) {
	a.asked++
	return a.answer, nil
}

func TestVersionIsAskedOncePerBinary(t *testing.T) {
	t.Parallel()
	path, builder, pulumi := bigFile(t), Builder{BinDir: t.TempDir()}, &asker{answer: "v3.251.0"}

	for range 3 {
		version, err := builder.cachedVersion(path, pulumi.ask)
		require.NoError(t, err)
		require.Equal(t, "3.251.0", version.String())
	}
	require.Equal(t, 1, pulumi.asked)

	// An upgrade in place changes the file's time.
	pulumi.answer = "v3.252.0"
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(path, later, later))
	version, err := builder.cachedVersion(path, pulumi.ask)
	require.NoError(t, err)
	require.Equal(t, "3.252.0", version.String())
	require.Equal(t, 2, pulumi.asked)
}

func TestVersionOfAShimIsAskedEveryTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pulumi")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600))
	builder, pulumi := Builder{BinDir: t.TempDir()}, &asker{answer: "v3.251.0"}

	for range 2 {
		_, err := builder.cachedVersion(path, pulumi.ask)
		require.NoError(t, err)
	}
	require.Equal(t, 2, pulumi.asked)
}

func TestUnusableVersionsAreErrors(t *testing.T) {
	t.Parallel()
	path, builder := bigFile(t), Builder{BinDir: t.TempDir()}

	_, err := builder.cachedVersion(path, (&asker{answer: ""}).ask)
	require.ErrorContains(t, err, `it calls itself ""`)

	broken := errors.New("no such interpreter")
	_, err = builder.cachedVersion(path, func() (string, error) { return "", broken })
	require.ErrorIs(t, err, broken)

	version, err := builder.cachedVersion(path, (&asker{answer: "v3.274.1"}).ask)
	require.NoError(t, err, "a failure is not remembered")
	require.Equal(t, "3.274.1", version.String())
}
