package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/store"
)

// journalFile is where the account keeps what exists.
const journalFile = "journal"

// checkJournal refuses to begin a new account beside stacks that are deployed:
// their states would speak of resources that nobody has, and no run would say so.
func (d directories) checkJournal() error {
	path := filepath.Join(d.account, journalFile)
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return nil
	}
	states, err := filepath.Glob(filepath.Join(d.backend, ".pulumi", "stacks", "*", "*.json"))
	if err != nil {
		return err
	}
	var deployed []string
	for _, state := range states {
		deployment, err := readDeployment(state)
		if err != nil || len(deployment.Resources) > 0 {
			deployed = append(deployed, strings.TrimSuffix(filepath.Base(state), ".json"))
		}
	}
	if len(deployed) == 0 {
		return nil
	}
	return usagef("the simulated account's journal %s is missing or empty, but stack %s is deployed in that account; put back a copy of "+
		"the journal, or start anew: `rm -r %s`, then `go run ./sandbox up --stack %s`", path, strings.Join(deployed, " and stack "),
		d.root, deployed[0])
}

// explainJournal says what to do about an account that cannot be opened.
func (d directories) explainJournal(err error) error {
	err = fmt.Errorf("cannot open the simulated account in %s: %w", d.account, err)
	if !errors.Is(err, store.ErrCorrupt) {
		return usagef("%w", err)
	}
	return usagef("%w; after that `go run ./sandbox refresh --stack NAME` makes the stack's state follow the account, and `up` deploys "+
		"what is missing. To start anew: `rm -r %s`", err, d.root)
}
