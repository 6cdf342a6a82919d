// Package quotas is AWS Service Quotas in the sandbox.
package quotas

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Quota is one of AWS's quotas.
type Quota struct {
	Service, Code, Name, ServiceName string
	// Default is what AWS's pages give; new accounts often have less of it.
	Default float64
}

// QuotaConcurrency and QuotaFargate are the quotas that the account knows (Lambda quotas; ECS endpoints and quotas).
var (
	QuotaConcurrency = Quota{"lambda", "L-B99A9384", "Concurrent executions", "AWS Lambda", 1000}
	QuotaFargate     = Quota{"fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", "AWS Fargate", 6}
)

// Quotas lists them.
func Quotas() []Quota { return []Quota{QuotaConcurrency, QuotaFargate} }

// ID is the quota's ID in the account.
func (q Quota) ID() string { return q.Service + "/" + q.Code }

// QuotaValue is a quota's value in the account.
func QuotaValue(v kind.View, q Quota) float64 {
	if r, ok := v.Get(view.TypeServiceQuota, q.ID()); ok {
		if value := r.State[props.Key("value")]; value.IsNumber() {
			return value.NumberValue()
		}
	}
	return q.Default
}
