package services

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/document"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

func init() { Register(sqsKinds()) }

func sqsKinds() map[string]*Kind {
	return map[string]*Kind{
		typeQueue: {
			Unique: []Unique{{Paths: []string{"name"}, Code: "QueueNameExists", Message: "A queue already exists with the name %s"}},
			Check:  inTurn(checkQueue, queuePlace.check),
			Verify: inTurn(verifyRedrive, queuePlace.verify),
			Create: createQueue,
		},
		"aws:sqs/queuePolicy:QueuePolicy": {
			Refs: []Ref{{Path: "queueUrl", To: toQueueURL, OnDelete: Cascade}},
			Check: inTurn(func(c *Checker) { checkPolicy(c, "policy", policyRule{kind: document.ResourcePolicy}) },
				queuePlace.check),
			Verify: queuePlace.verify,
			Create: func(c *Call) error { c.ID = c.Str("queueUrl"); return nil },
		},
	}
}

var (
	toQueueURL = Target{
		Types: []string{typeQueue}, By: []string{"id"},
		Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The specified queue does not exist: %s",
	}
	toQueue = Target{
		Types: []string{typeQueue}, By: []string{"arn"},
		Code: "AWS.SimpleQueueService.NonExistentQueue", Message: "The queue %s does not exist",
	}
	queuePlace = policyPlace{
		path: "policy", kind: document.ResourcePolicy, vendor: "sqs",
		code: "InvalidAttributeValue", principal: "Invalid value for the parameter Policy",
		badAction: "InvalidAttributeValue", action: "Invalid value for the parameter Policy",
	}
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,75}(\.fifo|[A-Za-z0-9_-]{0,5})$`)

func checkQueue(c *Checker) {
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

func verifyRedrive(c *Call) {
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
	if _, ok := toQueue.Find(c.View, redrive.DeadLetterTargetARN); !ok {
		c.Refuse("redrivePolicy", "InvalidParameterValue",
			"Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.", redrive.DeadLetterTargetARN)
	}
}

func createQueue(c *Call) error {
	name := c.Name()
	c.ID = "https://sqs." + Region + ".amazonaws.com/" + AccountID + "/" + name
	c.Set("arn", ARN("sqs", name))
	c.Set("url", c.ID)
	for name, value := range map[string]any{
		"policy": "", "redrivePolicy": "", "redriveAllowPolicy": "", "kmsDataKeyReusePeriodSeconds": 300, "deduplicationScope": "",
		"fifoThroughputLimit": "", "sqsManagedSseEnabled": !props.Has(c.In, "kmsMasterKeyId"),
	} {
		c.Default(name, value)
	}
	return nil
}
