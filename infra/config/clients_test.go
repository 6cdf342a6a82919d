package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/infratest"
)

// fields are an entry's.
type fields map[string]any

// acme is a complete entry, with changes.
func acme(changes fields) fields {
	entry := fields{
		"id": "acme", "host": "edit-acme", "user": "jane", "repository": "https://github.com/acme/site.git", "rulePriority": 300,
	}
	for name, value := range changes {
		entry[name] = value
		if value == nil {
			delete(entry, name)
		}
	}
	return entry
}

func clientsOf(t *testing.T, members ...any) infratest.Settings {
	t.Helper()
	data, err := json.Marshal(append([]any{"ameliastamps"}, members...))
	require.NoError(t, err)
	return infratest.Settings{"clients": string(data)}
}

func with(settings infratest.Settings, key, value string) infratest.Settings {
	settings[key] = value
	return settings
}

func TestFurtherClientTakesTheStacksSizeAndNothingOfTheFirstOnes(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, with(clientsOf(t, acme(nil), "kept"), "certificateArn", testCertificateArn), infratest.Settings{"githubTokens": `{"acme":"ghp_x"}`})
	assert.Equal(t, []string{"ameliastamps", "acme", "kept"}, cfg.Workspace.Clients)
	require.Len(t, cfg.Clients, 2, "a name alone is a directory without an editor")
	first, second := cfg.Clients[0], cfg.Clients[1]
	assert.Equal(t, cfg.firstClient(), first)
	second.at, second.own = "", nil
	assert.Equal(t, Client{
		ID: "acme", Active: true, Site: Site{Zone: "ameliastamps.com", Host: "edit-acme", CertificateArn: testCertificateArn}, User: "jane",
		Repository: "https://github.com/acme/site.git", ImageTag: "latest", CPU: 2048, Memory: 4096, MaxCapacity: 3,
		RulePriorityBase: 300, Concurrency: 25,
	}, second)
	assert.Equal(t, map[string]string{"acme": "ghp_x"}, cfg.Secrets.GitHubTokens)
	service := cfg.ServiceOf(second)
	assert.Equal(t, 300, service.RulePriorityBase)
	assert.Equal(t, cfg.Service.AutoShutdownMinutes, service.AutoShutdownMinutes)
	assert.Equal(t, "https://www.ameliastamps.com", cfg.ScalerOf(first).StandInURL)
	assert.Empty(t, cfg.ScalerOf(second).StandInURL, "the first one's site is not this one's")
}

func TestEveryFieldOfAnEntryReachesItsClient(t *testing.T) {
	t.Parallel()
	entry := acme(fields{
		"zone": "acme.example", "hostedZoneId": "Z0ACME", "certificateArn": testCertificateArn, "imageTag": "v2", "taskCpu": 1024,
		"taskMemory": 8192, "maxCapacity": 1, "scalerConcurrency": 20, "rulePriority": 700,
		"editors": []fields{{"email": "Jane@Acme.Example", "user": "jane"}, {"email": "bo@acme.example", "user": "bo-2"}},
	})
	want := Client{
		ID: "acme", Active: true, Site: Site{Zone: "acme.example", Host: "edit-acme", HostedZoneID: "Z0ACME", CertificateArn: testCertificateArn},
		User: "jane", Repository: "https://github.com/acme/site.git", ImageTag: "v2", CPU: 1024, Memory: 8192, MaxCapacity: 1,
		RulePriorityBase: 700, Concurrency: 20, StandInURL: "https://www.acme.example",
		Editors: []Editor{{"jane@acme.example", "jane"}, {"bo@acme.example", "bo-2"}},
	}
	got := mustLoad(t, clientsOf(t, entry), nil).Clients[1]
	got.at, got.own = "", nil
	assert.Equal(t, want, got)
	// A further client takes nothing of another zone: neither its certificate nor its number.
	bare := mustLoad(t, infratest.Settings{
		"certificateArn": testCertificateArn, "hostedZoneId": "Z0FIRST",
		"clients": clientsOf(t, acme(fields{"zone": "acme.example"}))["clients"],
	}, nil).Clients[1]
	assert.Equal(t, Site{Zone: "acme.example", Host: "edit-acme"}, bare.Site)
}

// The first client's entry and the stack's keys are one truth, of which the rest of the program asks the keys.
func TestEntryOfTheFirstClientIsTheStacksKeys(t *testing.T) {
	t.Parallel()
	members := []any{acme(fields{"taskCpu": nil}), fields{
		"id": "ameliastamps", "host": "live", "zone": "example.com", "user": "ann", "repository": "https://example.com/a.git", "imageTag": "v3",
		"taskCpu": 4096, "taskMemory": 8192, "maxCapacity": 2, "rulePriority": 500, "scalerConcurrency": 60,
		"editors": []fields{{"email": "ann@example.com", "user": "ann"}},
	}}
	data, err := json.Marshal(members)
	require.NoError(t, err)
	cfg := mustLoad(t, infratest.Settings{"clients": string(data)}, nil)
	first := cfg.Clients[0]
	assert.True(t, first.First, "its place in the list means nothing")
	assert.Equal(t, "ameliastamps", first.ID)
	assert.Equal(t, "live.example.com", cfg.Site.FQDN())
	assert.Equal(t, "ann", cfg.Workspace.User)
	assert.Equal(t, "https://example.com/a.git", cfg.Workspace.Repository)
	assert.Equal(t, "v3", cfg.Registry.ImageTag)
	assert.Equal(t, []int{4096, 8192, 2, 500, 60},
		[]int{cfg.Service.CPU, cfg.Service.Memory, cfg.Service.MaxCapacity, cfg.Service.RulePriorityBase, cfg.Scaler.Concurrency})
	assert.Equal(t, "https://www.example.com", cfg.Scaler.StandInURL)
	assert.Equal(t, []Editor{{"ann@example.com", "ann"}}, first.Editors)
	assert.Equal(t, "https://www.ameliastamps.com", mustLoad(t, nil, nil).Clients[0].StandInURL)
	assert.Equal(t, 2048, cfg.Clients[1].CPU, "the others take the stack's size, not the first one's entry")
}

func badEntries() []struct {
	name            string
	entry           any
	key, value, why string
} {
	long := strings.Repeat("a", 16)
	return []struct {
		name            string
		entry           any
		key, value, why string
	}{
		{"no id", acme(fields{"id": nil}), "clients[1].id", "", "the entry's name"},
		{"no host", acme(fields{"host": nil}), "clients[1].host", "", "such as edit-acme"},
		{"no user", acme(fields{"user": nil}), "clients[1].user", "", "such as jane"},
		{"no repository", acme(fields{"repository": nil}), "clients[1].repository", "", "https git URL"},
		{"no priority", acme(fields{"rulePriority": nil}), "clients[1].rulePriority", "", "such as 300, which is free"},
		{"misspelt", acme(fields{"imageTga": "x"}), "clients[1].imageTga", "x", "did you mean imageTag?"},
		{"a token among the fields", acme(fields{"githubToken": "hunter2"}), "clients[1].githubToken", "(not shown: it may be a secret)", "one of"},
		{"a number as text", acme(fields{"imageTag": 1}), "clients[1].imageTag", "1", "text; write it in quotes"},
		{"text as a number", acme(fields{"taskCpu": "much"}), "clients[1].taskCpu", "much", wholeNumber},
		{"perhaps", acme(fields{"active": "perhaps"}), "clients[1].active", "perhaps", "true or false"},
		{"half a number", acme(fields{"maxCapacity": 1.5}), "clients[1].maxCapacity", "1.5", wholeNumber},
		{"two labels", acme(fields{"host": "a.b"}), "clients[1].host", "a.b", "one DNS label"},
		{"the first one's host", acme(fields{"host": "edit"}), "clients[1].host", "edit", "client ameliastamps has edit.ameliastamps.com"},
		{"no zone", acme(fields{"zone": "acme"}), "clients[1].zone", "acme", "a DNS zone"},
		{"ssh", acme(fields{"repository": "ssh://github.com/a/b"}), "clients[1].repository", "ssh://github.com/a/b", "https git URL"},
		{"memory that the stack's CPU lacks", acme(fields{"taskMemory": 1024}), "clients[1].taskMemory", "1024", "taskCpu 2048"},
		{"CPU that the stack's memory lacks", acme(fields{"taskCpu": 256}), "clients[1].taskMemory", "4096", "taskCpu 256"},
		{"no room above minCapacity", acme(fields{"maxCapacity": 0}), "clients[1].maxCapacity", "0", "from 1 to 100"},
		{"few at once", acme(fields{"scalerConcurrency": 9}), "clients[1].scalerConcurrency", "9", "from 10 to 900"},
		{"the first one's priorities", acme(fields{"rulePriority": 199}), "clients[1].rulePriority", "199", "at least 100 away from client ameliastamps's, 100"},
		{"beyond the last priority", acme(fields{"rulePriority": 49902}), "clients[1].rulePriority", "49902", "1 to 49901"},
		{"a long id", acme(fields{"id": long}), "clients[1].id", long, `by 1: the target group "edit-preview-tg--` + long + `" has 33 characters, AWS allows 32`},
		{"an odd id", acme(fields{"id": "Acme"}), "clients", "Acme", "a directory name"},
		{"a person twice", acme(fields{"editors": []fields{{"email": "a@b.c", "user": "a"}, {"email": "A@B.c", "user": "b"}}}), "clients[1].editors[1].email", "a@b.c", "each address once"},
		{"a workspace for two", acme(fields{"editors": []fields{{"email": "a@b.c", "user": "a"}, {"email": "b@b.c", "user": "a"}}}), "clients[1].editors[1].user", "a", "two would share"},
		{"no address", acme(fields{"editors": []fields{{"email": "ann", "user": "a"}}}), "clients[1].editors[0].email", "ann", "an e-mail address"},
		{"an address of other letters", acme(fields{"editors": []fields{{"email": "amélie@b.c", "user": "a"}}}), "clients[1].editors[0].email", "amélie@b.c", "of ASCII letters"},
		{"an address with a comment", acme(fields{"editors": []fields{{"email": "a(b)@b.c", "user": "a"}}}), "clients[1].editors[0].email", "a(b)@b.c", "without quotes, brackets"},
		{"an address without a domain's dot", acme(fields{"editors": []fields{{"email": "a@b", "user": "a"}}}), "clients[1].editors[0].email", "a@b", "an e-mail address"},
		{"no user of an editor", acme(fields{"editors": []fields{{"email": "a@b.c", "user": "-a"}}}), "clients[1].editors[0].user", "-a", "begins with a letter"},
		{"an editor without address", acme(fields{"editors": []fields{{"user": "a"}}}), "clients[1].editors[0].email", "", "a value"},
		{"an editor's name only", acme(fields{"editors": []string{"a@b.c"}}), "clients[1].editors[0]", `"a@b.c"`, "an entry with email and user"},
		{"an editor as text", acme(fields{"editors": "a@b.c"}), "clients[1].editors", `"a@b.c"`, "a list of entries with email and user"},
		{"a role of an editor", acme(fields{"editors": []fields{{"email": "a@b.c", "user": "a", "role": "x"}}}), "clients[1].editors[0].role", "x", "one of email, user"},
	}
}

func TestEachFaultOfAnEntryIsToldWhereItStands(t *testing.T) {
	t.Parallel()
	for _, c := range badEntries() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(t, clientsOf(t, c.entry), nil)
			if c.key == "clients[1].editors[0].email" && c.value == "" { // what is missing is no address, either
				faults = faults[:1]
			}
			require.Len(t, faults, 1, "%v", faults)
			assert.Equal(t, []string{c.key, c.value}, []string{faults[0].Key, faults[0].Value})
			assert.Contains(t, faults[0].Expected, c.why)
		})
	}
}

func TestFaultsOfAllEntriesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	settings := clientsOf(t,
		acme(fields{"host": "edit", "taskCpu": 3, "hots": "x"}), acme(fields{"id": "bolt", "rulePriority": 350}), acme(fields{"id": "bolt", "host": "b"}))
	faults := faultsOf(t, with(settings, "client", "nobody"), nil)
	got := make([]string, 0, len(faults))
	for _, f := range faults {
		got = append(got, f.Key+"="+f.Value)
	}
	assert.Equal(t, []string{
		"clients[1].hots=x", "clients=bolt", "client=nobody", "clients[1].taskCpu=3", "clients[1].host=edit",
		"clients[2].rulePriority=350", "clients[3].rulePriority=300",
	}, got)
}

// One whose editor is gone needs none of an editor's fields, may have them all, and keeps the others narrow.
func TestClientWithoutAnEditorIsKept(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, with(clientsOf(t, acme(fields{"active": false, "host": "edit", "rulePriority": 100}), fields{"id": "bolt", "active": "false"}),
		"adopt", `{"secrets-github-token--bolt":"arn:x"}`), infratest.Settings{GitHubTokens: `{"bolt":"ghp_x"}`})
	assert.Len(t, cfg.Clients, 1)
	require.Len(t, cfg.Kept, 2)
	assert.Equal(t, []string{"acme", "bolt"}, []string{cfg.Kept[0].ID, cfg.Kept[1].ID})
	assert.Len(t, cfg.Tenants(), 3)
	assert.True(t, cfg.Several())
	assert.False(t, mustLoad(t, clientsOf(t, "acme"), nil).Several())
}

// The file shows what YAML makes of a value, in an entry as elsewhere.
func TestFieldsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	const rest = "host: edit-acme, user: jane, repository: 'https://github.com/acme/site.git', rulePriority: 300"
	faults := faultsWritten(t, "clients: [ameliastamps, {id: acme, "+rest+", imageTag: 1.10, maxCapacity: 0x2, editors: [{email: a@b.c, user: no}]}]")
	got := make([]string, 0, len(faults))
	for _, f := range faults {
		got = append(got, f.Key+"="+f.Value)
	}
	assert.Equal(t, []string{"clients[1].imageTag=1.10", "clients[1].maxCapacity=0x2", "clients[1].editors[0].user=no"}, got)
	assert.Contains(t, faults[0].Expected, `quote it in Pulumi.test.yaml: "1.10"`)
	cfg, err := loadWritten(t, "clients: [ameliastamps, {id: acme, "+rest+", imageTag: '1.10', maxCapacity: 2}]")
	require.NoError(t, err)
	assert.Equal(t, "1.10", cfg.Clients[1].ImageTag)
}

func TestFaultOfTheFirstClientsEntryIsToldThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, key string }{
		{`[{"id":"ameliastamps","host":"a.b"}]`, "clients[0].host"},
		{`[{"id":"ameliastamps","rulePriority":0}]`, "clients[0].rulePriority"},
		{`[{"id":"ameliastamps","taskCpu":3}]`, "clients[0].taskCpu"},
		{`[{"id":"ameliastamps","active":false}]`, "clients[0].active"},
	} {
		faults := faultsOf(t, infratest.Settings{"clients": c.given}, nil)
		require.Len(t, faults, 1, "%v", faults)
		assert.Equal(t, c.key, faults[0].Key)
	}
}

func TestTokensOfFurtherClientsAreSecrets(t *testing.T) {
	t.Parallel()
	settings := clientsOf(t, acme(nil))
	for name, c := range map[string]struct {
		plain, secret infratest.Settings
		shown, why    string
	}{
		"plain":     {plain: infratest.Settings{GitHubTokens: `{"acme":"hunter2"}`}, shown: "(in plain text)", why: "--secret --path githubTokens.acme`"},
		"of nobody": {secret: infratest.Settings{GitHubTokens: `{"bolt":"hunter2"}`}, shown: "(secret)", why: "tokens of further clients"},
		"of the first": {
			secret: infratest.Settings{GitHubTokens: `{"ameliastamps":"hunter2"}`}, shown: "(secret)", why: "the first one's is githubToken",
		},
		"a list":     {secret: infratest.Settings{GitHubTokens: `["hunter2"]`}, shown: "(secret)", why: "a map of texts"},
		"line break": {secret: infratest.Settings{GitHubTokens: `{"acme":"hunter2\n"}`}, shown: "(secret)", why: "without blanks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain := infratest.Settings{"clients": settings["clients"]}
			for key, value := range c.plain {
				plain[key] = value
			}
			faults := faultsOf(t, plain, c.secret)
			require.Len(t, faults, 1, "%v", faults)
			assert.Equal(t, []string{GitHubTokens, c.shown}, []string{faults[0].Key, faults[0].Value})
			assert.Contains(t, faults[0].Expected, c.why)
			assert.NotContains(t, faults[0].Expected, "hunter2")
		})
	}
}

// A load balancer's hundred rules are the bound; 25 clients with four each reach it.
func TestAsManyClientsAsALoadBalancerHasRulesFor(t *testing.T) {
	t.Parallel()
	members := func(count int, zones bool) []any {
		var all []any
		for i := 1; i < count; i++ {
			entry := acme(fields{"id": fmt.Sprintf("c%d", i), "host": fmt.Sprintf("edit-c%d", i), "rulePriority": 200 + 100*i})
			if zones {
				entry["zone"] = fmt.Sprintf("c%d.example", i)
			}
			all = append(all, entry)
		}
		return all
	}
	assert.Len(t, mustLoad(t, clientsOf(t, members(25, true)...), nil).Clients, 25)
	faults := faultsOf(t, clientsOf(t, members(26, false)...), nil)
	require.Len(t, faults, 1)
	assert.Equal(t, "26", faults[0].Value)
	assert.Contains(t, faults[0].Expected, "at most 25 clients")
	faults = faultsOf(t, with(with(clientsOf(t, acme(nil)), "shared", `["workspace"]`), "sharedStack", "prod"), nil)
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Expected, "beside shared workspace")
	assert.Contains(t, faults[0].Expected, "take workspace out of shared")
	faults = faultsOf(t, with(with(clientsOf(t, acme(nil)), "shared", `["secrets"]`), "sharedStack", "prod"), nil)
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Expected, "take secrets out of shared")
}

// Two clients' names, and two stacks', can't meet, whatever the IDs and suffixes: a name's first two hyphens in a row begin the ID.
func TestNamesOfAFurtherClientEndInItsIDAndMeetNoOthers(t *testing.T) {
	t.Parallel()
	shared := map[string]bool{
		"AuditBucket": true, "LoadBalancer": true, "Origin": true, "Repository": true, "Suffix": true, "WorkspaceBucket": true, "Workspaces": true,
	}
	own := 0
	seen := map[string]string{}
	for _, names := range []Names{
		{}, {suffix: "-dev"}, {suffix: "-dev-x"}, {client: "dev"}, {client: "x"}, {client: "dev--x"}, {suffix: "-dev", client: "x"}, {suffix: "-x", client: "dev"},
	} {
		value := reflect.ValueOf(names)
		for i := range value.NumMethod() {
			method := value.Type().Method(i).Name
			var arguments []reflect.Value
			for range value.Method(i).Type().NumIn() {
				arguments = append(arguments, reflect.ValueOf("part"))
			}
			name := value.Method(i).Call(arguments)[0].String()
			if shared[method] {
				assert.NotContains(t, name, "--", method)
				continue
			}
			own++
			other, taken := seen[method+name]
			assert.False(t, taken, "%s %q of %v is that of %s", method, name, names, other)
			seen[method+name] = fmt.Sprint(names)
			if names.client != "" && method != "Secret" {
				assert.True(t, strings.HasSuffix(name, "--"+names.client), name)
			}
		}
	}
	assert.Equal(t, 8*10, own)
	assert.Equal(t, "webordinary/acme/github-token-dev", Names{suffix: "-dev", client: "acme"}.Secret("github-token"))
}
