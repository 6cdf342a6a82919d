package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// awsProvider is the provider aws, configured once.
type awsProvider struct {
	plugin.UnimplementedProvider

	account     Account
	defaultTags map[string]string
}

func newAWS(acc Account) *awsProvider { return &awsProvider{account: acc} }

// Handshake says what the provider understands. It is served anew for each
// connection, so the engine's address is not needed.
func (p *awsProvider) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true,
		SupportsAutonamingConfiguration: true,
	}, nil
}

// Attach answers an engine that attaches to a running provider.
func (p *awsProvider) Attach(string) error { return nil }

// Close has nothing to release: the account outlives its providers.
func (p *awsProvider) Close() error { return nil }

// SignalCancellation has nothing to cancel: operations on the account are
// instant, and those that wait end with their call.
func (p *awsProvider) SignalCancellation(context.Context) error { return nil }

func (p *awsProvider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return pluginInfo(awsVersion), nil
}

// GetSchema is asked by tools only; programs bring the SDK.
func (p *awsProvider) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	return plugin.GetSchemaResponse{Schema: minimalSchema("aws", awsVersion)}, nil
}

func pluginInfo(version string) plugin.PluginInfo {
	parsed := semver.MustParse(version)
	return plugin.PluginInfo{Version: &parsed}
}

func minimalSchema(name, version string) []byte {
	return fmt.Appendf(nil, `{"name":%q,"version":%q}`, name, version)
}

// CheckConfig validates what the account depends on.
func (p *awsProvider) CheckConfig(
	_ context.Context, req plugin.CheckConfigRequest,
) (plugin.CheckConfigResponse, error) {
	var failures []plugin.CheckFailure
	if region, ok := text(req.News["region"]); ok && region != view.Region {
		failures = append(failures, plugin.CheckFailure{Property: "region", Reason: fmt.Sprintf(
			"the simulated account has the region %s only, not %q", view.Region, region)})
	}
	if _, err := tagsOf(req.News); err != nil {
		failures = append(failures, plugin.CheckFailure{Property: "defaultTags", Reason: err.Error()})
	}
	return plugin.CheckConfigResponse{Properties: req.News, Failures: failures}, nil
}

// DiffConfig tells the engine that another region means other resources.
func (p *awsProvider) DiffConfig(
	_ context.Context, req plugin.DiffConfigRequest,
) (plugin.DiffConfigResponse, error) {
	diff := req.OldInputs.Diff(req.NewInputs)
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome}
	if diff.Changed("region") {
		result.ReplaceKeys = []resource.PropertyKey{"region"}
	}
	return result, nil
}

// Configure takes the default tags.
func (p *awsProvider) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	var err error
	p.defaultTags, err = tagsOf(req.Inputs)
	return plugin.ConfigureResponse{}, err
}

// tagsOf reads defaultTags.tags. The engine passes a provider's structured
// settings as JSON text.
func tagsOf(config resource.PropertyMap) (map[string]string, error) {
	value := plain(config["defaultTags"])
	if encoded, ok := text(value); ok {
		var decoded any
		if err := json.Unmarshal([]byte(encoded), &decoded); err != nil {
			return nil, fmt.Errorf("defaultTags is not JSON: %w", err)
		}
		value = resource.NewPropertyValue(decoded)
	}
	if !value.HasValue() || value.IsComputed() {
		return nil, nil
	}
	if !value.IsObject() {
		return nil, fmt.Errorf("defaultTags must be an object with the key tags, not %s", value.TypeString())
	}
	entries := value.ObjectValue()["tags"]
	if !entries.HasValue() {
		return nil, nil
	}
	if !entries.IsObject() {
		return nil, fmt.Errorf("defaultTags.tags must be a map of strings, not %s", entries.TypeString())
	}
	tags := map[string]string{}
	for key, entry := range entries.ObjectValue() {
		tag, ok := text(entry)
		if !ok {
			return nil, fmt.Errorf("defaultTags.tags.%s must be a string, not %s", key, entry.TypeString())
		}
		tags[string(key)] = tag
	}
	return tags, nil
}

// text returns the string in a value, secret or not.
func text(value resource.PropertyValue) (string, bool) {
	value = plain(value)
	if !value.IsString() {
		return "", false
	}
	return value.StringValue(), true
}
