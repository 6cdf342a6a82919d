package main

import (
	"context"
	"os/exec"
	"runtime/debug"
	"strings"

	"github.com/webordinary/live-edit/tools/cli"
)

// printVersion prints what a report of a fault should name.
func (s *session) printVersion(ctx context.Context) {
	s.printf("sandbox of webordinary live edit, %s\n", commit(ctx, s.dir))
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	for _, module := range []struct{ name, path string }{
		{"Pulumi SDK", "github.com/pulumi/pulumi/sdk/v3"},
		{"pulumi-aws", "github.com/pulumi/pulumi-aws/sdk/v6"},
		{"pulumi-awsx", "github.com/pulumi/pulumi-awsx/sdk/v2"},
	} {
		s.printf("%-12s %s\n", module.name, versionOf(info, module.path))
	}
	s.printf("%-12s %s, unless a newer one is on the PATH\n", "Pulumi CLI", cli.Pulumi.Version)
	s.printf("%-12s %s\n", "Go", info.GoVersion)
}

func versionOf(info *debug.BuildInfo, path string) string {
	for _, dep := range info.Deps {
		if dep.Path == path {
			return dep.Version
		}
	}
	return "unknown"
}

// commit names the checked-out commit. It is asked for, not compiled in: a commit that changes no source compiles nothing.
func commit(ctx context.Context, dir string) string {
	root, err := projectRoot(dir)
	if err != nil {
		return "outside its repository"
	}
	//nolint:gosec // the arguments are this program's own
	out, err := exec.CommandContext(ctx, "git", "-C", root, "describe", "--always", "--dirty= with local changes", "--exclude=*").Output()
	if err != nil {
		return "no commit"
	}
	return "commit " + strings.TrimSpace(string(out))
}
