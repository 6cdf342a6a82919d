// Package sqs is Amazon SQS in the sandbox.
package sqs

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("sqs", schemaJSON)
	kind.Register(sqsKinds())
}

func sqsKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeQueue: {
			Unique: []kind.Unique{{Paths: []string{"name"}, Code: "QueueNameExists", Message: "A queue already exists with the name %s"}},
			Check:  kind.InTurn(checkQueue, queuePlace.Check),
			Verify: kind.InTurn(verifyRedrive, queuePlace.Verify),
			Create: createQueue,
		},
		"aws:sqs/queuePolicy:QueuePolicy": {
			Refs: []kind.Ref{{Path: "queueUrl", To: toQueueURL, OnDelete: kind.Cascade}},
			Check: kind.InTurn(func(c *kind.Checker) { iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource}) },
				queuePlace.Check),
			Verify: queuePlace.Verify,
			Create: func(c *kind.Call) error { c.ID = c.Str("queueUrl"); return nil },
		},
	}
}

var (
	toQueueURL = kind.Target{
		Types: []string{view.TypeQueue}, By: []string{"id"},
		Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist: %s",
	}
	// ToQueue is a reference to a queue by its ARN.
	ToQueue = kind.Target{
		Types: []string{view.TypeQueue}, By: []string{"arn"},
		Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The queue %s does not exist",
	}
	queuePlace = iam.PolicyPlace{
		Path: "policy", Kind: policies.Resource, Vendor: "sqs",
		Code: "InvalidAttributeValue", Principal: "Invalid value for the parameter Policy",
		BadAction: "InvalidAttributeValue", Action: "Invalid value for the parameter Policy",
	}
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,75}(\.fifo|[A-Za-z0-9_-]{0,5})$`)

func checkQueue(c *kind.Checker) {
	name, ok := c.Text("name")
	if !ok {
		return
	}
	if !queueName.MatchString(name) {
		c.Fail("name", "InvalidParameterValue: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length, got %q "+
			"with %d", name, len(name))
	}
	if fifo := props.Bool(c.In, "fifoQueue"); fifo != strings.HasSuffix(name, ".fifo") {
		c.Fail("name", "invalid queue name: %q: a FIFO queue's name ends in .fifo, and only that", name)
	}
}

func verifyRedrive(c *kind.Call) {
	var redrive struct {
		DeadLetterTargetARN string `json:"deadLetterTargetArn"`
		MaxReceiveCount     any    `json:"maxReceiveCount"`
	}
	text := c.Str("redrivePolicy")
	if text == "" || c.DryRun {
		return
	}
	if err := json.Unmarshal([]byte(text), &redrive); err != nil || redrive.DeadLetterTargetARN == "" || redrive.MaxReceiveCount == nil {
		c.Refuse("redrivePolicy", "InvalidParameterValue",
			"Value %s for parameter RedrivePolicy is invalid: it needs deadLetterTargetArn and maxReceiveCount", text)
		return
	}
	if _, ok := ToQueue.Find(c.View, redrive.DeadLetterTargetARN); !ok {
		c.Refuse("redrivePolicy", "InvalidParameterValue",
			"Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", redrive.DeadLetterTargetARN)
	}
}

func createQueue(c *kind.Call) error {
	name := c.Name()
	c.ID = "https://sqs." + view.Region + ".amazonaws.com/" + view.AccountID + "/" + name
	c.Set("arn", view.ARN("sqs", name))
	for name, value := range map[string]any{
		"policy": "", "redrivePolicy": "", "redriveAllowPolicy": "", "kmsDataKeyReusePeriodSeconds": 300, "deduplicationScope": "",
		"fifoThroughputLimit": "", "sqsManagedSseEnabled": !props.Has(c.In, "kmsMasterKeyId"),
	} {
		c.Default(name, value)
	}
	return nil
}
