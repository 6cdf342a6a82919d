package services

import (
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

func init() { Register(snsKinds()) }

func snsKinds() map[string]*Kind {
	return map[string]*Kind{
		typeTopic: {
			Unique: []Unique{{
				// CreateTopic with a name that exists answers with the existing topic.
				Paths: []string{"name"}, Code: "TopicAlreadyExists", Message: "A topic with the name %s exists",
			}},
			Check:  inTurn(checkTopic, topicPlace.check),
			Verify: topicPlace.verify,
			Create: createTopic,
		},
		"aws:sns/topicPolicy:TopicPolicy": {
			Refs: []Ref{{Path: "arn", To: toTopic, OnDelete: Cascade}},
			Check: inTurn(func(c *Checker) { checkPolicy(c, "policy", policyRule{kind: document.ResourcePolicy}) },
				topicPlace.check),
			Verify: topicPlace.verify,
			Create: func(c *Call) error { c.ID = c.Str("arn"); c.Set("owner", AccountID); return nil },
		},
		"aws:sns/topicSubscription:TopicSubscription": {
			Refs:   []Ref{{Path: "topic", To: toTopic, OnDelete: Cascade}},
			Check:  checkSubscription,
			Verify: verifySubscription,
			Create: createSubscription,
		},
	}
}

var (
	toTopic = Target{
		Types: []string{typeTopic}, By: []string{"arn"},
		Code: "NotFound", Message: "Topic does not exist: %s",
	}
	topicPlace = policyPlace{
		path: "policy", kind: document.ResourcePolicy, vendor: "sns",
		code: "InvalidParameter", principal: "Invalid parameter: Policy Error: PrincipalNotFound",
		badAction: "InvalidParameter", action: "Invalid parameter: Policy statement action out of service scope!",
	}
)

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

func checkTopic(c *Checker) {
	if name, ok := c.Text("name"); ok {
		if !topicName.MatchString(name) || len(name) > 256 {
			c.Fail("name", "InvalidParameter: Invalid parameter: Topic Name: %q must have 1 to 256 letters, numbers, hyphens and underscores", name)
		}
		if fifo := props.Bool(c.In, "fifoTopic"); fifo != strings.HasSuffix(name, ".fifo") {
			c.Fail("name", "invalid topic name: %q: a FIFO topic's name ends in .fifo, and only that", name)
		}
	}
	checkPolicy(c, "policy", policyRule{kind: document.ResourcePolicy})
}

func createTopic(c *Call) error {
	name := c.Name()
	c.ID = ARN("sns", name)
	c.Set("arn", c.ID)
	c.Set("owner", AccountID)
	c.Set("beginningArchiveTime", "")
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
		`"Condition":{"StringEquals":{"AWS:SourceOwner":"` + AccountID + `"}}}]}`
}

func checkSubscription(c *Checker) {
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
	if strings.HasPrefix(protocol, "email") && !emailPattern.MatchString(endpoint) {
		c.Fail("endpoint", "InvalidParameter: Invalid parameter: Email address: %q", endpoint)
	}
}

func verifySubscription(c *Call) {
	endpoint := c.Str("endpoint")
	if c.DryRun || endpoint == "" {
		return
	}
	target := map[string]Target{"sqs": toQueue, "lambda": toFunction}[c.Str("protocol")]
	if len(target.Types) == 0 {
		return
	}
	if _, ok := target.Find(c.View, endpoint); !ok {
		c.Refuse("endpoint", "InvalidParameter", "Invalid parameter: Endpoint %s does not exist", endpoint)
	}
}

func createSubscription(c *Call) error {
	c.ID = c.Str("topic") + ":" + c.UUID("subscription")
	c.Set("arn", c.ID)
	c.Set("ownerId", AccountID)
	pending := strings.HasPrefix(c.Str("protocol"), "email") || strings.HasPrefix(c.Str("protocol"), "http")
	c.Set("pendingConfirmation", pending)
	c.Set("confirmationWasAuthenticated", !pending)
	c.Default("filterPolicyScope", "")
	return nil
}
