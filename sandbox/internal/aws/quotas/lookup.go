package quotas

import (
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func init() {
	kind.RegisterLookups(map[string]kind.Lookup{
		"aws:servicequotas/getServiceQuota:getServiceQuota": lookupQuota,
	})
}

// lookupQuota answers with AWS's default, or with the account's value where it has another.
func lookupQuota(v kind.View, args props.Map) (props.Map, error) {
	service, code, name := props.Str(args, "serviceCode"), props.Str(args, "quotaCode"), props.Str(args, "quotaName")
	if (code == "") == (name == "") {
		return nil, fmt.Errorf("only one of quota_code, quota_name must be specified")
	}
	for _, q := range Quotas() {
		if q.Service != service || q.Code != code && q.Name != name {
			continue
		}
		arn := fmt.Sprintf("arn:aws:servicequotas:%s:%s:%s", view.Region, view.AccountID, q.ID())
		return props.Map{
			"id": props.Of(arn), "arn": props.Of(arn), "adjustable": props.Of(true), "globalQuota": props.Of(false),
			"quotaCode": props.Of(q.Code), "quotaName": props.Of(q.Name), "serviceCode": props.Of(q.Service),
			"serviceName": props.Of(q.ServiceName), "defaultValue": props.Of(q.Default), "usageMetrics": props.Of([]any{}),
			"value": props.Of(QuotaValue(v, q)),
		}, nil
	}
	return nil, fmt.Errorf("getting Default Service Quota for (%s/%s%s): NoSuchResourceException: The request failed because the specified "+
		"quota does not exist; the sandbox account knows those of Lambda's concurrency and Fargate's vCPUs", service, code, name)
}
