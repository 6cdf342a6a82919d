package runner

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// ServiceEvents is the principal that EventBridge rules invoke functions as.
const ServiceEvents = "events.amazonaws.com"

// ScheduledEvent makes the event that an EventBridge rule with a schedule sends at that time.
func ScheduledEvent(ruleARN string, at time.Time) ([]byte, error) {
	data, err := json.Marshal(events.CloudWatchEvent{
		Version: "0", ID: view.RandomUUID(), DetailType: "Scheduled Event", Source: "aws.events", AccountID: view.AccountID,
		Time: at.UTC().Truncate(time.Second), Region: view.Region, Resources: []string{ruleARN}, Detail: json.RawMessage(`{}`),
	})
	if err != nil {
		return nil, fmt.Errorf("encode the scheduled event of %s: %w", ruleARN, err)
	}
	return data, nil
}
