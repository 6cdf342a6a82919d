package infra

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/webordinary/live-edit/infra/component"
)

// addAlarms tells of runs that failed and of runs that did not happen. Both alarms return to OK with the next good run. The metric of
// runs has no zeros, so that the second one has insufficient data when it should tell, and also until the first run, but then of no change.
func (c *Cleanup) addAlarms(ctx *pulumi.Context, name string, args *CleanupArgs) error {
	if !args.Alarms {
		return nil
	}
	alarm := alarmArgs{
		Namespace:  "AWS/Lambda",
		Dimensions: pulumi.StringMap{"FunctionName": c.function.Function.Name},
		Statistic:  "Sum",
		Threshold:  1,
	}
	failed := alarm
	failed.Name = args.Names.Other("workspace-cleanup-failed")
	failed.Description = "The workspace cleanup failed: its environment or its mount is wrong, or the file system is full or failing. " +
		"Nothing is lost, but old threads stay. docs/operations-cleanup.md says where to look."
	failed.MetricName, failed.Comparison, failed.MissingData = "Errors", "GreaterThanOrEqualToThreshold", "notBreaching"
	failed.PeriodSeconds, failed.Periods = 86400, 1 // the runs of a day, of which there is one, tried three times at most
	missed := alarm
	missed.Name = args.Names.Other("workspace-cleanup-missed")
	missed.Description = "The workspace cleanup has not run for more than a day, so old threads stay. " +
		"It says so by insufficient data. docs/operations-cleanup.md says where to look."
	missed.MetricName, missed.Comparison, missed.MissingData = "Invocations", "LessThanThreshold", missingIsTold
	// One day exactly would alarm whenever a run is a minute later than the day before.
	missed.PeriodSeconds, missed.Periods = 43200, 3
	if err := args.Alerts.newAlarm(ctx, name+"-failed-alarm", &failed, component.Child(c)...); err != nil {
		return err
	}
	return args.Alerts.newAlarm(ctx, name+"-missed-alarm", &missed, component.Child(c)...)
}
