// Command install puts pinned command-line tools into .sandbox/bin and prints their paths, one a line. Pulumi's are taken from its
// official release where the release server can be reached; what cannot be downloaded is built from its Go module. It says which.
//
//	go run ./tools/install golangci-lint actionlint
//	go run ./tools/install -fetch pulumi                 # only what takes the network; something else can compile meanwhile
//	TOOLS_FROM_SOURCE=1 go run ./tools/install pulumi    # never the release
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/webordinary/live-edit/tools/cli"
)

var known = []cli.Tool{cli.Pulumi, cli.LanguageGo, cli.GolangciLint, cli.Actionlint}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the repository: %w", err)
	}
	builder := cli.Builder{Root: root, Log: os.Stderr}
	if len(names) > 0 && names[0] == "-fetch" {
		return fetch(ctx, builder, names[1:])
	}
	for _, name := range names {
		path, err := install(ctx, builder, name)
		if err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}

func install(ctx context.Context, builder cli.Builder, name string) (string, error) {
	if name == cli.Pulumi.Name { // one on the PATH will do
		command, err := builder.PulumiCommand(ctx)
		return command.Path, err
	}
	tool, err := find(name)
	if err != nil {
		return "", err
	}
	return builder.Path(ctx, tool)
}

func fetch(ctx context.Context, builder cli.Builder, names []string) error {
	for _, name := range names {
		tool, err := find(name)
		if err != nil {
			return err
		}
		if name == cli.Pulumi.Name && builder.OnPath(ctx) {
			continue
		}
		if err := builder.Fetch(ctx, tool); err != nil {
			return err
		}
	}
	return nil
}

func find(name string) (cli.Tool, error) {
	for _, tool := range known {
		if tool.Name == name {
			return tool, nil
		}
	}
	return cli.Tool{}, fmt.Errorf("no tool %q; there are pulumi, pulumi-language-go, golangci-lint and actionlint", name)
}
