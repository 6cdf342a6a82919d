package quotas

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// typeQuotaRequest is a request for a higher quota. Nobody grants it here.
const typeQuotaRequest = "runtime:servicequotas/request"

// The service answers Service Quotas, AWS JSON 1.1.
func init() {
	wire.Register(&wire.Service{Name: "servicequotas", Protocol: wire.JSON{}, Operations: map[string]wire.Handler{
		"GetServiceQuota":             wire.JSONOperation(getServiceQuota),
		"RequestServiceQuotaIncrease": wire.JSONOperation(requestServiceQuotaIncrease),
	}})
}

type quotaInput struct {
	ServiceCode  string  `json:"ServiceCode"`
	QuotaCode    string  `json:"QuotaCode"`
	DesiredValue float64 `json:"DesiredValue"`
}

// quota authorises the action, which has no resource of its own for reading, and finds the quota and its value.
func quota(x *wire.Exchange, action string, in *quotaInput) (Quota, float64, error) {
	if err := x.Allow(action, "*", nil); err != nil {
		return Quota{}, 0, err
	}
	for _, q := range Quotas() {
		if q.Service == in.ServiceCode && q.Code == in.QuotaCode {
			return q, Value(x, q), nil
		}
	}
	return Quota{}, 0, wire.Refuse("NoSuchResourceException",
		"The request failed because the specified service or quota does not exist: %s %s", in.ServiceCode, in.QuotaCode)
}

// Value is a quota's value in the account that a call is for.
func Value(x *wire.Exchange, q Quota) float64 {
	if r, ok := x.Store.Get(view.TypeServiceQuota, q.ID()); ok {
		if value := r.State["value"]; value.IsNumber() {
			return value.NumberValue()
		}
	}
	return q.Default
}

func getServiceQuota(x *wire.Exchange, in *quotaInput) (any, error) {
	q, value, err := quota(x, "servicequotas:GetServiceQuota", in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Quota": map[string]any{
		"ServiceCode": q.Service, "ServiceName": q.ServiceName, "QuotaCode": q.Code, "QuotaName": q.Name, "Value": value,
		"Unit": "None", "Adjustable": true, "GlobalQuota": false,
	}}, nil
}

// requestServiceQuotaIncrease notes the wish. AWS takes one at a time for a quota, and only for more (API reference).
func requestServiceQuotaIncrease(x *wire.Exchange, in *quotaInput) (any, error) {
	q, value, err := quota(x, "servicequotas:RequestServiceQuotaIncrease", in)
	if err != nil {
		return nil, err
	}
	if in.DesiredValue <= value {
		return nil, wire.Refuse("IllegalArgumentException", "You must provide a quota value greater than the current quota value.")
	}
	store := x.Store
	if _, open := store.Get(typeQuotaRequest, q.ID()); open {
		return nil, wire.Refuse("ResourceAlreadyExistsException", "Only one open service quota increase request is allowed per quota.")
	}
	if err := store.Put(view.Resource{Type: typeQuotaRequest, ID: q.ID(), State: resource.PropertyMap{
		"desiredValue": resource.NewNumberProperty(in.DesiredValue),
	}}); err != nil {
		return nil, err
	}
	return map[string]any{"RequestedQuota": map[string]any{
		"Id": x.RequestID(), "ServiceCode": q.Service, "ServiceName": q.ServiceName, "QuotaCode": q.Code, "QuotaName": q.Name,
		"DesiredValue": in.DesiredValue, "Status": "PENDING", "Created": wire.Stamp(x.Now), "GlobalQuota": false, "Unit": "None",
	}}, nil
}
