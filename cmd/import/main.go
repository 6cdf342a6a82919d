// Command import writes the file with which `pulumi import` takes over what the CDK stacks, or an earlier life of this
// stack, left in the account: registry, secrets, file system, load balancer and its listeners. It only reads.
//
//	go run ./cmd/import -stack prod > import.json
//	pulumi import --file import.json --stack prod
//
// Credentials and region come from the usual AWS environment. docs/migration.md has the order of things.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "import:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, notes io.Writer) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(notes)
	stack := flags.String("stack", "prod", "stack whose names to look for; there is a Pulumi.<stack>.yaml")
	root := flags.String("root", ".", "folder of Pulumi.yaml and the stack files")
	if err := flags.Parse(args); err != nil {
		return err
	}
	plan, err := readPlan(*root, *stack)
	if err != nil {
		return err
	}
	account, err := newAccount(ctx, plan.region)
	if err != nil {
		return err
	}
	file, missing, err := buildFile(ctx, account, plan)
	if err != nil {
		return err
	}
	for _, name := range missing {
		_, _ = fmt.Fprintf(notes, "not in the account, will be created: %s\n", name)
	}
	if len(file.Resources) == 0 {
		return errNothingFound
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(file)
}
