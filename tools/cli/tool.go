package cli

// Tool is a program that is built from a module of its own below tools/.
type Tool struct {
	// Name is the program's name, such as "pulumi".
	Name string
	// Version is the pinned version, such as "v3.274.1". The module's go.mod
	// must require the same one.
	Version string
	// Module is the tool module's directory below the repository root.
	Module string
	// Package is the import path of the main package.
	Package string
	// LinkFlags are passed to the linker.
	LinkFlags string
	// FirstBuild says how long a build with an empty build cache takes.
	FirstBuild string
}

// Pulumi is the pinned Pulumi CLI. The module leaves the version variable empty,
// and the CLI and its SDK refuse an empty version, hence the linker flag.
var Pulumi = Tool{
	Name:       "pulumi",
	Version:    "v3.274.1",
	Module:     "tools/pulumi",
	Package:    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
	LinkFlags:  "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.274.1",
	FirstBuild: "about 4 minutes on two cores",
}

// LanguageGo is the Go language host, which the CLI starts for a program with
// `runtime: go`. Later SDKs do not publish it as a module any more; this one
// still serves the pinned CLI.
var LanguageGo = Tool{
	Name:       "pulumi-language-go",
	Version:    "v3.60.0",
	Module:     "tools/language-go",
	Package:    "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go",
	LinkFlags:  "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.60.0",
	FirstBuild: "about 30 seconds on two cores",
}

// fileName is the binary's name in the directory of built tools.
func (t Tool) fileName() string { return t.Name + "-" + t.Version }
