package cli

// GolangciLint is the linter, with its own gofumpt as the formatter.
var GolangciLint = Tool{
	Name:       "golangci-lint",
	Version:    "v2.15.0",
	Module:     "tools/lint",
	Package:    "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
	LinkFlags:  "-s -w",
	FirstBuild: "about 3 minutes on two cores",
}

// Actionlint checks the GitHub workflows.
var Actionlint = Tool{
	Name:       "actionlint",
	Version:    "v1.7.12",
	Module:     "tools/actionlint",
	Package:    "github.com/rhysd/actionlint/cmd/actionlint",
	LinkFlags:  "-s -w",
	FirstBuild: "a few seconds",
}
