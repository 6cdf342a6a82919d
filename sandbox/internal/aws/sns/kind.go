// Package sns is Amazon SNS in the sandbox.
package sns

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/lambda"
	"github.com/webordinary/live-edit/sandbox/internal/aws/sqs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("sns", schemaJSON)
	kind.Register(snsKinds())
}

func snsKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeTopic: {
			Unique: []kind.Unique{{
				// CreateTopic with a name that exists answers with the existing topic.
				Paths: []string{"name"}, Code: "TopicAlreadyExists", Message: "A topic with the name %s exists",
			}},
			Check:  kind.InTurn(checkTopic, topicPlace.Check),
			Verify: topicPlace.Verify,
			Create: createTopic,
		},
		"aws:sns/topicPolicy:TopicPolicy": {
			Refs: []kind.Ref{{Path: "arn", To: ToTopic, OnDelete: kind.Cascade}},
			Check: kind.InTurn(func(c *kind.Checker) { iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource}) },
				topicPlace.Check),
			Verify: topicPlace.Verify,
			Create: func(c *kind.Call) error { c.ID = c.Str("arn"); c.Set("owner", view.AccountID); return nil },
		},
		"aws:sns/topicSubscription:TopicSubscription": {
			Refs:   []kind.Ref{{Path: "topic", To: ToTopic, OnDelete: kind.Cascade}},
			Check:  checkSubscription,
			Verify: verifySubscription,
			Create: createSubscription,
		},
	}
}

var (
	// ToTopic is a reference to a topic by its ARN.
	ToTopic = kind.Target{
		Types: []string{view.TypeTopic}, By: []string{"arn"},
		Code: "NotFound", Message: "Topic does not exist: %s",
	}
	topicPlace = iam.PolicyPlace{
		Path: "policy", Kind: policies.Resource, Vendor: "sns",
		Code: "InvalidParameter", Principal: "Invalid parameter: Policy Error: PrincipalNotFound",
		BadAction: "InvalidParameter", Action: "Invalid parameter: Policy statement action out of service scope!",
	}
)

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

func checkTopic(c *kind.Checker) {
	if name, ok := c.Text("name"); ok {
		if !topicName.MatchString(name) || len(name) > 256 {
			c.Fail("name", "InvalidParameter: Invalid parameter: Topic Name: %q must have 1 to 256 letters, numbers, hyphens and underscores", name)
		}
		if fifo := props.Bool(c.In, "fifoTopic"); fifo != strings.HasSuffix(name, ".fifo") {
			c.Fail("name", "invalid topic name: %q: a FIFO topic's name ends in .fifo, and only that", name)
		}
	}
	iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource})
}

func createTopic(c *kind.Call) error {
	name := c.Name()
	c.ID = view.ARN("sns", name)
	c.Default("policy", defaultTopicPolicy(c.ID))
	c.Default("signatureVersion", 0)
	c.Default("tracingConfig", "")
	c.Default("fifoThroughputScope", "")
	return nil
}

// defaultTopicPolicy is what SNS gives every topic: its owner's account may use it.
func defaultTopicPolicy(arn string) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",` +
		`"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission",` +
		`"SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + arn + `",` +
		`"Condition":{"StringEquals":{"AWS:SourceOwner":"` + view.AccountID + `"}}}]}`
}

func checkSubscription(c *kind.Checker) {
	protocol, _ := c.Text("protocol")
	endpoint, ok := c.Text("endpoint")
	if !ok {
		return
	}
	prefixes := map[string]string{
		"sqs": "arn:aws:sqs:", "lambda": "arn:aws:lambda:", "https": "https://", "http": "http://",
		"firehose": "arn:aws:firehose:",
	}
	if p := prefixes[protocol]; p != "" && !strings.HasPrefix(endpoint, p) {
		c.Fail("endpoint", "InvalidParameter: Invalid parameter: Endpoint %q of protocol %s must begin with %s", endpoint, protocol, p)
	}
	if strings.HasPrefix(protocol, "email") && !kind.EmailPattern.MatchString(endpoint) {
		c.Fail("endpoint", "InvalidParameter: Invalid parameter: Email address: %q", endpoint)
	}
}

func verifySubscription(c *kind.Call) {
	endpoint := c.Str("endpoint")
	if c.DryRun || endpoint == "" {
		return
	}
	target := map[string]kind.Target{"sqs": sqs.ToQueue, "lambda": lambda.ToFunction}[c.Str("protocol")]
	if len(target.Types) == 0 {
		return
	}
	if _, ok := target.Find(c.View, endpoint); !ok {
		c.Refuse("endpoint", "InvalidParameter", "Invalid parameter: Endpoint %s does not exist", endpoint)
	}
}

func createSubscription(c *kind.Call) error {
	c.ID = c.Str("topic") + ":" + c.UUID("subscription")
	pending := strings.HasPrefix(c.Str("protocol"), "email") || strings.HasPrefix(c.Str("protocol"), "http")
	c.Set("pendingConfirmation", pending)
	c.Set("confirmationWasAuthenticated", !pending)
	c.Default("filterPolicyScope", "")
	return nil
}
