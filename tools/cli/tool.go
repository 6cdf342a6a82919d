package cli

// Tool is a program that is downloaded or built from a module of its own below tools/.
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
	// Release is where the official binary can be had; nil means that it is always built.
	Release *Release
}

// release is the official release of Pulumi, whose archive holds the CLI and its language hosts. The checksums come from another
// server than the archive: whoever wants to replace it has to hold both. None is pinned in this file, because the release could not
// be downloaded where it was written (D27).
var release = Release{
	Version: "v3.274.1",
	Archive: "https://get.pulumi.com/releases/sdk/pulumi-v3.274.1-{platform}.tar.gz",
	Sums:    "https://github.com/pulumi/pulumi/releases/download/v3.274.1/pulumi-3.274.1-checksums.txt",
}

// member is the release of one of its binaries.
func (r Release) member(name string) *Release {
	r.Member = "pulumi/" + name
	return &r
}

// Pulumi is the pinned Pulumi CLI. The module leaves the version variable empty,
// and the CLI and its SDK refuse an empty version, hence the linker flag.
var Pulumi = Tool{
	Name:       "pulumi",
	Version:    "v3.274.1",
	Module:     "tools/pulumi",
	Package:    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
	LinkFlags:  "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.274.1",
	FirstBuild: "about 2 minutes on two cores once the sandbox is compiled, more before",
	Release:    release.member("pulumi"),
}

// LanguageGo is the Go language host, which the CLI starts for a program with
// `runtime: go`. Modules of later SDKs do not hold it, and its own module,
// sdk/go/pulumi-language-go/v3, has no version that the module proxy serves;
// this one still serves the pinned CLI. The release has the CLI's own.
var LanguageGo = Tool{
	Name:       "pulumi-language-go",
	Version:    "v3.60.0",
	Module:     "tools/language-go",
	Package:    "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go",
	LinkFlags:  "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.60.0",
	FirstBuild: "about 30 seconds on two cores",
	Release:    release.member("pulumi-language-go"),
}

// fileName is the name of the binary that is built, in the directory of tools.
func (t Tool) fileName() string { return t.Name + "-" + t.Version }

// releaseName is the name of the binary that is downloaded.
func (t Tool) releaseName() string { return t.Name + "-" + t.Release.Version }

// names are the binaries that will do, the best first.
func (t Tool) names() []string {
	if t.Release == nil || t.releaseName() == t.fileName() {
		return []string{t.fileName()}
	}
	return []string{t.releaseName(), t.fileName()}
}
