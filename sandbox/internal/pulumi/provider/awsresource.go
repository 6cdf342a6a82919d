package provider

import (
	"context"
	"errors"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

// Check validates a resource's inputs and completes them.
func (p *awsProvider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	secrets := secretsIn(req.News)
	checked, err := p.account.Check(account.CheckRequest{
		URN: string(req.URN), Type: string(req.Type),
		OldInputs: plainMap(req.Olds), NewInputs: plainMap(req.News),
		DefaultTags: p.defaultTags, RandomSeed: req.RandomSeed, Autonaming: autonaming(req.Autonaming),
	})
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	return plugin.CheckResponse{
		Properties: secrets.mark(checked.Inputs), Failures: failures(checked.Failures),
	}, nil
}

func autonaming(options *plugin.AutonamingOptions) *account.Autonaming {
	if options == nil {
		return nil
	}
	return &account.Autonaming{ProposedName: options.ProposedName, Mode: account.AutonamingMode(options.Mode)}
}

func failures(found []account.Failure) []plugin.CheckFailure {
	translated := make([]plugin.CheckFailure, 0, len(found))
	for _, f := range found {
		translated = append(translated, plugin.CheckFailure{Property: resource.PropertyKey(f.Property), Reason: f.Reason})
	}
	return translated
}

// Diff tells which properties change, and whether in place.
func (p *awsProvider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	found, err := p.account.Diff(account.DiffRequest{
		URN: string(req.URN), Type: string(req.Type), ID: string(req.ID),
		OldInputs: plainMap(req.OldInputs), OldState: plainMap(req.OldOutputs), NewInputs: plainMap(req.NewInputs),
		IgnoreChanges: req.IgnoreChanges,
	})
	if err != nil {
		return plugin.DiffResult{}, err
	}
	if len(found.Properties) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	diff := plugin.DiffResult{
		Changes:             plugin.DiffSome,
		DetailedDiff:        map[string]plugin.PropertyDiff{},
		DeleteBeforeReplace: found.DeleteBeforeReplace,
	}
	for _, change := range found.Properties {
		kind := diffKinds[change.Kind]
		if change.Replace {
			kind = kind.AsReplace()
		}
		diff.DetailedDiff[change.Path] = plugin.PropertyDiff{Kind: kind}
	}
	return diff, nil
}

var diffKinds = map[account.DiffKind]plugin.DiffKind{
	account.DiffAdd:    plugin.DiffAdd,
	account.DiffDelete: plugin.DiffDelete,
	account.DiffUpdate: plugin.DiffUpdate,
}

// Create makes a resource, or in a preview says what it would be like.
func (p *awsProvider) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	created, err := p.account.Create(ctx, account.CreateRequest{
		URN: string(req.URN), Type: string(req.Type), Inputs: plainMap(req.Properties), DryRun: req.Preview,
	})
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	return plugin.CreateResponse{
		ID: resource.ID(created.ID), Properties: secretsIn(req.Properties).mark(created.State),
	}, nil
}

// Update changes a resource in place, or in a preview says what it would be like.
func (p *awsProvider) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	updated, err := p.account.Update(ctx, account.UpdateRequest{
		URN: string(req.URN), Type: string(req.Type), ID: string(req.ID),
		OldInputs: plainMap(req.OldInputs), OldState: plainMap(req.OldOutputs), NewInputs: plainMap(req.NewInputs),
		IgnoreChanges: req.IgnoreChanges, DryRun: req.Preview,
	})
	properties := secretsIn(req.NewInputs).mark(updated.State)
	switch {
	case err != nil && updated.ID != "":
		return plugin.UpdateResponse{}, partialFailure(err, updated.ID, properties)
	case err != nil:
		return plugin.UpdateResponse{}, err
	}
	return plugin.UpdateResponse{Properties: properties}, nil
}

// Read returns a resource as it is now, for a refresh or an import. One that is
// gone has no ID.
func (p *awsProvider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	found, ok, err := p.account.Read(account.ReadRequest{
		URN: string(req.URN), Type: string(req.Type), ID: string(req.ID),
		Inputs: plainMap(req.Inputs), State: plainMap(req.State),
	})
	if err != nil || !ok {
		return plugin.ReadResponse{}, err
	}
	secrets := secretsIn(req.Inputs, req.State)
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{
		ID: resource.ID(found.ID), Inputs: secrets.mark(found.Inputs), Outputs: secrets.mark(found.State),
	}}, nil
}

// The AWS provider tries for ten minutes to delete a cluster whose tasks still run (its resourceClusterDelete). Here somebody has to serve
// the account, or nothing stops them: whether somebody does shows as soon as their end begins.
const (
	deletePatience = 10 * time.Minute
	servedPatience = 30 * time.Second
	deleteRetry    = 50 * time.Millisecond
)

// Delete removes a resource. A refusal that passes is waited for.
func (p *awsProvider) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	for begun := time.Now(); ; {
		err := p.account.Delete(ctx, account.DeleteRequest{
			URN: string(req.URN), Type: string(req.Type), ID: string(req.ID),
			Inputs: plainMap(req.Inputs), State: plainMap(req.Outputs),
		})
		if !mayPass(err, time.Since(begun)) {
			return plugin.DeleteResponse{}, err
		}
		select {
		case <-ctx.Done():
			return plugin.DeleteResponse{}, err
		case <-time.After(deleteRetry):
		}
	}
}

// mayPass says that a refusal is to be met again, so long after the first attempt.
func mayPass(err error, after time.Duration) bool {
	if errors.Is(err, account.ErrPasses) {
		return after < deletePatience
	}
	var refusal *account.Error
	return errors.As(err, &refusal) && refusal.Code == "ClusterContainsTasksException" && after < servedPatience
}

// Invoke answers a data source.
func (p *awsProvider) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	answer, err := p.account.Invoke(ctx, account.InvokeRequest{Token: string(req.Tok), Args: plainMap(req.Args)})
	if err != nil {
		return plugin.InvokeResponse{}, err
	}
	return plugin.InvokeResponse{
		Properties: secretsIn(req.Args).mark(answer.Return), Failures: failures(answer.Failures),
	}, nil
}
