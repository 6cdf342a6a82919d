package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/webordinary/live-edit/container/supervisor/who"
	"github.com/webordinary/live-edit/functions/identity"
)

// GitHubTokens is the key of the further clients' tokens.
const GitHubTokens = "githubTokens"

// furtherConcurrency is the reserved concurrency of a further client's waker, unless its entry or a smaller scalerConcurrency says
// otherwise: one for the tick and room above twenty simultaneous requests, so that 24 clients fit in an account's usual 1,000.
const furtherConcurrency = 25

// Client is a tenant of the stack: it has an editor under a host name of its own, and nothing of another client's is in its reach (D42).
type Client struct {
	// ID names the client's directory, and ends its names unless it is the first one.
	ID string
	// First is the client of the single-client keys, which carries the specification's names.
	First bool
	// Active clients have an editor. Of another one there is its data, and the rooms of the others stay as narrow as they are.
	Active bool
	Site   Site
	// User and Repository are the session that its container opens, ImageTag the image that it runs.
	User, Repository, ImageTag string
	// CPU in units of 1024 a vCPU, Memory in MiB; MaxCapacity in tasks.
	CPU, Memory, MaxCapacity int
	// RulePriorityBase is the first of its hundred priorities on the listener.
	RulePriorityBase int
	// Concurrency and StandInURL of its waker, as in [Scaler].
	Concurrency int
	StandInURL  string
	// Editors are the people invited to edit, none for those that the sign-in lets in; addresses are in lower case.
	Editors []Editor

	// at is the entry's place in the configuration, own the fields that it gives itself.
	at  string
	own map[string]bool
}

// Editor is an invited person and the workspace that is hers.
type Editor struct{ Email, User string }

// clientFields are the fields of an entry that stand for a key of the stack.
var clientFields = []string{
	"host", "zone", "hostedZoneId", "certificateArn", "user", "repository", "imageTag", "taskCpu", "taskMemory", "maxCapacity",
	"scalerConcurrency", "standInUrl",
}

// requiredFields are what a further client cannot share.
var requiredFields = []string{"host", "user", "repository", "rulePriority"}

// loadClients fills the workspace's directories and the clients with an editor from the entries: the first client, whose keys are
// the stack's, then the others by their names, so that an entry's place in the list means nothing.
func (c *Config) loadClients(r *reader, entries []*entry) {
	first := c.firstClient()
	var further []Client
	for _, e := range entries {
		id := e.id()
		c.Workspace.Clients = append(c.Workspace.Clients, id)
		switch {
		case id == c.Workspace.Client:
			if e.fields == nil {
				continue
			}
			first = first.readFrom(e)
		case e.fields != nil:
			if client := c.furtherClient(id, e); client.Active {
				further = append(further, client)
			} else {
				c.Kept = append(c.Kept, client)
			}
		}
	}
	byID := func(a, b Client) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(further, byID)
	slices.SortFunc(c.Kept, byID)
	c.Clients = append([]Client{first}, further...)
	for i, client := range c.Clients {
		c.Clients[i].StandInURL = strings.ReplaceAll(client.StandInURL, zoneInAddress, client.Site.Zone)
	}
	c.useFirst(c.Clients[0])
	c.Secrets.GitHubTokens = r.secretTable(GitHubTokens)
}

// firstClient is the client of the stack's own keys.
func (c *Config) firstClient() Client {
	return Client{
		ID: c.Workspace.Client, First: true, Active: true, Site: c.Site, User: c.Workspace.User, Repository: c.Workspace.Repository,
		ImageTag: c.Registry.ImageTag, CPU: c.Service.CPU, Memory: c.Service.Memory, MaxCapacity: c.Service.MaxCapacity,
		RulePriorityBase: c.Service.RulePriorityBase, Concurrency: c.Scaler.Concurrency, StandInURL: c.Scaler.StandInURL,
	}
}

// furtherClient has the stack's size and image, and nothing else of the first one's: not its zone's certificate in another zone, and
// not its site behind the waiting page.
func (c *Config) furtherClient(id string, e *entry) Client {
	base := c.firstClient()
	base.ID, base.First = id, false
	base.Site.Host, base.User, base.Repository, base.RulePriorityBase, base.StandInURL = "", "", "", 0, ""
	base.Concurrency = min(base.Concurrency, furtherConcurrency)
	if zone, given := e.fields["zone"]; given && zone != base.Site.Zone {
		base.Site.HostedZoneID, base.Site.CertificateArn = "", ""
		base.StandInURL = "https://www." + zoneInAddress
	}
	return base.readFrom(e)
}

// readFrom takes what the entry gives.
func (c Client) readFrom(e *entry) Client {
	c.at, c.own = e.at, map[string]bool{}
	c.Active = e.flag("active", true)
	c.Site.Host = e.text("host", c.Site.Host)
	c.Site.Zone = e.text("zone", c.Site.Zone)
	c.Site.HostedZoneID = e.text("hostedZoneId", c.Site.HostedZoneID)
	c.Site.CertificateArn = e.text("certificateArn", c.Site.CertificateArn)
	c.User = e.text("user", c.User)
	c.Repository = e.text("repository", c.Repository)
	c.ImageTag = e.text("imageTag", c.ImageTag)
	c.CPU = e.number("taskCpu", c.CPU)
	c.Memory = e.number("taskMemory", c.Memory)
	c.MaxCapacity = e.number("maxCapacity", c.MaxCapacity)
	c.RulePriorityBase = e.number("rulePriority", c.RulePriorityBase)
	c.Concurrency = e.number("scalerConcurrency", c.Concurrency)
	c.StandInURL = e.text("standInUrl", c.StandInURL)
	for _, row := range e.tables("editors", "email", "user") {
		c.Editors = append(c.Editors, Editor{Email: strings.ToLower(row["email"]), User: row["user"]})
	}
	for name := range e.fields {
		c.own[name] = true
	}
	e.unknown()
	return c
}

// useFirst makes the stack's own keys say what the first client's entry says, so that there is one truth of it.
func (c *Config) useFirst(first Client) {
	c.Site = first.Site
	c.Workspace.User, c.Workspace.Repository = first.User, first.Repository
	c.Registry.ImageTag = first.ImageTag
	c.Service = c.ServiceOf(first)
	c.Scaler = c.ScalerOf(first)
}

// Several says that clients share the stack, so that each is narrowed to what is its own. One whose editor is gone counts: nobody else
// gets to see its files, and nothing of the others changes with it.
func (c *Config) Several() bool { return len(c.Clients)+len(c.Kept) > 1 }

// Tenants are all clients that have more than a directory, with an editor or without.
func (c *Config) Tenants() []Client {
	return append(c.Clients[:len(c.Clients):len(c.Clients)], c.Kept...)
}

// NamesOf is a client's naming scheme: the stack's for the first one; the others' names end in their ID, behind two hyphens, which no
// suffix has, so that no client of any stack can have the name of another stack's.
func (c *Config) NamesOf(client Client) Names {
	if client.First {
		return c.Names()
	}
	return Names{suffix: c.NameSuffix, client: client.ID}
}

// OriginsOf are the pages of other hosts that may use a client's editor: those of the published site, where a distribution of its owner's
// serves the first client's editor below it.
func (c *Config) OriginsOf(client Client) []string {
	site, err := url.Parse(client.StandInURL)
	if c.Edge.DistributionID == "" || !client.First || err != nil || site.Host == "" {
		return nil
	}
	return []string{site.Scheme + "://" + strings.ToLower(site.Host)}
}

// ServiceOf is the service's configuration with a client's size and priorities.
func (c *Config) ServiceOf(client Client) Service {
	service := c.Service
	service.CPU, service.Memory, service.MaxCapacity = client.CPU, client.Memory, client.MaxCapacity
	service.RulePriorityBase = client.RulePriorityBase
	return service
}

// ScalerOf is the scaler's configuration with a client's bounds.
func (c *Config) ScalerOf(client Client) Scaler {
	scaler := c.Scaler
	scaler.Concurrency, scaler.StandInURL = client.Concurrency, client.StandInURL
	return scaler
}

// Field is a field's full name for messages, or the stack's key where the first client's entry does not give it.
func (c Client) Field(name string) string {
	switch {
	case !c.First || c.own[name]:
		return c.at + "." + name
	case name == "rulePriority":
		return "rulePriorityBase"
	default:
		return name
	}
}

// validateClients checks what the entries give, and that the clients do not get in each other's way.
func (c *Config) validateClients(v *validator) {
	for _, client := range c.Clients {
		if !client.First {
			c.validateFurther(v, client)
		}
		client.validateEditors(v)
	}
	for _, client := range c.Kept {
		client.validateName(v, c.NamesOf(client), c.Service.Routes())
	}
	v.require(c.Clients[0].Active, c.Clients[0].Field("active"), "false",
		"true for the first client, whose names are the stack's: destroy the stack, or make another one the first")
	c.validateHosts(v)
	c.validatePriorities(v)
	c.validateRoom(v)
	c.validateTokens(v)
	c.blameFirst(v)
}

// validateTokens never repeats a value.
func (c *Config) validateTokens(v *validator) {
	for _, id := range slices.Sorted(maps.Keys(c.Secrets.GitHubTokens)) {
		token := c.Secrets.GitHubTokens[id]
		known := slices.ContainsFunc(c.Tenants(), func(client Client) bool { return client.ID == id && !client.First })
		v.require(known, GitHubTokens, secretValue, "tokens of further clients of this stack; the first one's is "+GitHubToken)
		v.require(token != "" && strings.TrimSpace(token) == token, GitHubTokens, secretValue, "values without blanks or line breaks around them")
	}
}

// blameFirst names the entry's field instead of the stack's key where the first client's entry gives it.
func (c *Config) blameFirst(v *validator) {
	first := c.Clients[0]
	for i, f := range v.faults {
		switch {
		case slices.Contains(clientFields, f.Key) && first.own[f.Key]:
			v.faults[i].Key = first.Field(f.Key)
		case f.Key == "rulePriorityBase" && first.own["rulePriority"]:
			v.faults[i].Key = first.Field("rulePriority")
		}
	}
}

// validateFurther checks a further client with the checks of the stack's keys.
func (c *Config) validateFurther(v *validator, client Client) {
	for _, name := range requiredFields {
		v.require(client.own[name], client.Field(name), "", c.missing(name))
	}
	part := &validator{}
	client.Site.validate(part)
	c.ServiceOf(client).validate(part)
	c.ScalerOf(client).validate(part)
	Workspace{User: client.User, Repository: client.Repository}.validateSession(part)
	part.require(imageTagPattern.MatchString(client.ImageTag), "imageTag", client.ImageTag, imageTagForm)
	for _, f := range part.faults {
		if f.Key == "rulePriorityBase" {
			f.Key = "rulePriority"
		}
		if client.own[f.Key] || f.Key == "taskMemory" && client.own["taskCpu"] {
			f.Key = client.Field(f.Key)
			v.faults = append(v.faults, f)
		}
	}
	client.validateName(v, c.NamesOf(client), c.Service.Routes())
}

// missing says what is expected of a field that a further client's entry lacks.
func (c *Config) missing(name string) string {
	switch name {
	case "host":
		return "one DNS label of the client's own, such as edit-acme"
	case "user":
		return "the user of the session that its container opens, such as jane"
	case "repository":
		return "the https git URL of its site"
	default:
		return fmt.Sprintf("the first of the client's %d listener-rule priorities, such as %d, which is free in this stack",
			RulesPerStack, c.freePriority())
	}
}

// freePriority is a base that is clear of every client of this stack, and of those of the stacks as they come with the project.
func (c *Config) freePriority() int {
	const shipped = 300 // prod has 100, dev 200
	for base := shipped; ; base += RulesPerStack {
		if !slices.ContainsFunc(c.Clients, func(other Client) bool { return Overlap(base, other.RulePriorityBase) }) {
			return base
		}
	}
}

// Overlap says that the blocks of priorities from two bases overlap.
func Overlap(a, b int) bool { return a-b > -RulesPerStack && a-b < RulesPerStack }

// validateName reports the longest of the client's names that AWS would refuse, which is one of the target groups'.
func (c Client) validateName(v *validator, names Names, routes []Route) {
	var worst nameLimit
	for _, l := range names.clientLimits(routes) {
		if over := len(l.name) - l.max; over > 0 && (worst.name == "" || over > len(worst.name)-worst.max) {
			worst = l
		}
	}
	v.require(worst.name == "", c.at+".id", c.ID, fmt.Sprintf("an id shorter by %d: the %s %q has %d characters, AWS allows %d",
		len(worst.name)-worst.max, worst.what, worst.name, len(worst.name), worst.max))
}

func (c Client) validateEditors(v *validator) {
	emails, users := map[string]bool{}, map[string]bool{}
	for i, e := range c.Editors {
		at := fmt.Sprintf("%s.editors[%d].", c.at, i)
		// What the functions do not take for an address must not reach their list: they would let in nobody at all.
		_, err := identity.Fold(e.Email)
		v.require(err == nil && emailPattern.MatchString(e.Email), at+"email", e.Email, "an e-mail address of ASCII letters, digits and signs, "+
			"without quotes, brackets, commas, colons and semicolons")
		v.require(!emails[e.Email], at+"email", e.Email, "each address once; upper and lower case are the same")
		v.require(who.Valid(e.User), at+"user", e.User,
			"a name of lower-case letters, digits and hyphens, at most 63, that begins with a letter or a digit")
		v.require(!users[e.User], at+"user", e.User, "a user for each person: two would share one workspace")
		emails[e.Email], users[e.User] = true, true
	}
}

// validateHosts: the listener tells clients apart by nothing else.
func (c *Config) validateHosts(v *validator) {
	taken := map[string]string{}
	for _, client := range c.Clients {
		host := client.Site.FQDN()
		v.require(taken[host] == "" || client.Site.Host == "", client.Field("host"), client.Site.Host,
			fmt.Sprintf("a host of its own: client %s has %s", taken[host], host))
		if taken[host] == "" {
			taken[host] = client.ID
		}
	}
}

// validatePriorities keeps the clients' blocks apart: a listener has each priority once, and a rule that moves must find its place free.
func (c *Config) validatePriorities(v *validator) {
	for i, client := range c.Clients {
		for _, other := range c.Clients[:i] {
			if client.RulePriorityBase < 1 || !Overlap(client.RulePriorityBase, other.RulePriorityBase) {
				continue
			}
			v.require(false, client.Field("rulePriority"), strconv.Itoa(client.RulePriorityBase), fmt.Sprintf(
				"a number at least %d away from client %s's, %d, such as %d", RulesPerStack, other.ID, other.RulePriorityBase, c.freePriority()))
			break
		}
	}
}

// Limits of what the clients of one load balancer share (Elastic Load Balancing user guide, "Quotas for your Application Load
// Balancers": 100 rules, 100 target groups and 25 certificates beside the default one).
const (
	// MaxRules bounds the rules of all stacks on a listener.
	MaxRules        = 100
	maxTargetGroups = 100
	maxCertificates = 25
	// rulesPerClient and groupsPerClient: three routes and the waker. Where people sign in, the preview and the waker have two rules.
	rulesPerClient       = 4
	rulesPerSignedClient = 6
	groupsPerClient      = 4
)

// RulesPerClient is how many listener rules each client has.
func (c *Config) RulesPerClient() int { return RulesOfClient(c.Auth.On()) }

// RulesOfClient is how many listener rules a client of any stack has, by whether people sign in there.
func RulesOfClient(signIn bool) int {
	if signIn {
		return rulesPerSignedClient
	}
	return rulesPerClient
}

// validateRoom: what does not fit on one load balancer is refused before anything is created.
func (c *Config) validateRoom(v *validator) {
	count := len(c.Clients)
	rules := c.RulesPerClient()
	v.require(count*rules <= MaxRules && count*groupsPerClient <= maxTargetGroups, "clients", strconv.Itoa(count),
		fmt.Sprintf("at most %d clients with an editor on one load balancer, which has %d rules and %d target groups, %d and %d for each "+
			"client; give the others a stack of their own (docs/clients.md)",
			min(MaxRules/rules, maxTargetGroups/groupsPerClient), MaxRules, maxTargetGroups, rules, groupsPerClient))
	zones := map[string]bool{}
	for _, client := range c.Clients[1:] {
		if client.Site.Zone != c.Site.Zone {
			zones[client.Site.Zone] = true
		}
	}
	v.require(len(zones) <= maxCertificates, "clients", strconv.Itoa(len(zones)),
		fmt.Sprintf("clients in at most %d other zones: a load balancer takes that many certificates beside its own", maxCertificates))
	v.require(count == 1 || !c.Sharing.Has(PartWorkspace), "clients", strconv.Itoa(count),
		"one client with an editor beside shared workspace, whose file system's policy is the lender's and knows no further ones: take "+
			"workspace out of shared and this stack has a file system of its own, or put the further client into the lender's clients")
	v.require(count == 1 || !c.Sharing.Has(PartSecrets), "clients", strconv.Itoa(count),
		"one client with an editor beside shared secrets, as the lender has no tokens of further ones: take secrets out of shared and this "+
			"stack has secrets of its own, or put the further client into the lender's clients")
}
