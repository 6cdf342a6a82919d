package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
	"github.com/webordinary/live-edit/tools/stacks"
)

// remedy is what to do about a fault that the engine, the program or the simulated account tells in its own words.
type remedy struct {
	says *regexp.Regexp // matches the fault's message
	// advise makes the advice from the match, the failed operation and the known stacks.
	advise func(match []string, failed *engine.FailedError, known []string) string
}

// remedies are tried in order. What they match are the engine's words as of the pinned CLI, and AWS's error codes; a test holds them
// against the real engine.
var remedies = []remedy{
	{regexp.MustCompile(`unknown stack "(?:[^"/]+/)*([^"/]+)"`), adviseUnknownStack},
	{
		regexp.MustCompile(`(?s)cannot be deleted\s+because it is protected|marked for protection|would be replaced.*protected`),
		adviseProtected,
	},
	{regexp.MustCompile(`missing stack output`), adviseMissingOutput},
	{regexp.MustCompile(`NoSuchDistribution`), adviseDistribution},
	{regexp.MustCompile(`Target '[^']*' could not be found in the stack|no resource named '[^']*' found`), adviseTarget},
	{regexp.MustCompile(`incorrect passphrase|passphrase must be set`), advisePassphrase},
}

// advice says how to go on after a failed operation: what each kind of fault asks for, or else how to run it again.
func advice(failed *engine.FailedError, known []string) string {
	told := []string{failed.Output}
	for _, d := range failed.Diagnostics {
		told = append(told, d.Message)
	}
	var lines []string
	seen := map[string]bool{}
	for _, r := range remedies {
		for _, message := range told {
			match := r.says.FindStringSubmatch(message)
			if match == nil {
				continue
			}
			if line := r.advise(match, failed, known); !seen[line] {
				seen[line] = true
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		lines = append(lines, adviseAgain(failed))
	}
	return strings.Join(lines, "\n")
}

func adviseUnknownStack(match []string, failed *engine.FailedError, known []string) string {
	name, file := match[1], stacks.File(failed.Stack)
	for _, stack := range known {
		if stack == name {
			return fmt.Sprintf("stack %s takes parts of stack %s (sharedStack in %s), which is not deployed here. Deploy it first: "+
				"`go run ./sandbox up --stack %s`", failed.Stack, name, file, name)
		}
	}
	return fmt.Sprintf("sharedStack in %s names stack %q, which there is not; %s. Put the name right: "+
		"`pulumi config set sharedStack NAME --stack %s`, or edit the file", file, name, stacks.Choices(known, name), failed.Stack)
}

func adviseProtected(_ []string, failed *engine.FailedError, _ []string) string {
	return fmt.Sprintf("stack %s is protected (`protect: true` in %s), and nothing was deleted. To delete it after all, set that to false, "+
		"run `go run ./sandbox up --stack %s`, then this again. The Pulumi CLI's unprotect does not reach the sandbox's state. "+
		"To throw the whole simulated account away: `make clean`", failed.Stack, stacks.File(failed.Stack), failed.Stack)
}

func adviseMissingOutput(_ []string, failed *engine.FailedError, _ []string) string {
	return fmt.Sprintf("the stack that %s names as sharedStack was deployed by an older program. Deploy it again first, in the sandbox with "+
		"`go run ./sandbox up --stack NAME`", stacks.File(failed.Stack))
}

func adviseDistribution(_ []string, failed *engine.FailedError, _ []string) string {
	return fmt.Sprintf("the distribution of another stack, distributionId in %s, is not in the simulated account. Put it there: "+
		"`go run ./sandbox distribution --id ID`, then run this again", stacks.File(failed.Stack))
}

func adviseTarget(_ []string, failed *engine.FailedError, _ []string) string {
	return fmt.Sprintf("--target and --replace take URNs of stack %s, as `go run ./sandbox export --stack %s | grep '\"urn\"'` lists them "+
		"(quote them: they contain $)", failed.Stack, failed.Stack)
}

func advisePassphrase(_ []string, failed *engine.FailedError, _ []string) string {
	return fmt.Sprintf("%s has secrets, which need the passphrase that they were set with: `export PULUMI_CONFIG_PASSPHRASE=VALUE`",
		stacks.File(failed.Stack))
}

// adviseAgain is for faults that tell themselves what is wrong.
func adviseAgain(failed *engine.FailedError) string {
	if failed.Operation == "preview" {
		return fmt.Sprintf("nothing was changed; mend what the messages name, then run it again: `go run ./sandbox preview --stack %s`",
			failed.Stack)
	}
	return fmt.Sprintf("what was done until then is kept; mend what the messages name, and "+
		"`go run ./sandbox %s --stack %s` goes on from there",
		failed.Operation, failed.Stack)
}
