package cloudfront

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Distribution is a CloudFront distribution. Its configuration is kept as the XML document that was sent, so that elements
// which no client of today knows survive.
type Distribution struct {
	ID         string `json:"id"`
	ARN        string `json:"arn"`
	DomainName string `json:"domainName"`
	// ETag is the configuration's version; every change gives it a new one.
	ETag string `json:"etag"`
	// Version counts the changes.
	Version int `json:"version"`
	// Config is the DistributionConfig document.
	Config       string    `json:"config"`
	LastModified time.Time `json:"lastModified"`
	// DeployedAt is when the present configuration has reached all edge locations.
	DeployedAt time.Time `json:"deployedAt"`
}

// propagation is how long a change takes to reach all edge locations: "usually within a few minutes", says the guide.
const propagation = 3 * time.Minute

// declaration is what an XML document may begin with; CloudFront answers with one of its own.
var declaration = regexp.MustCompile(`\A\s*<\?xml[^>]*\?>`)

// SetConfig replaces the configuration and its ETag.
func (d *Distribution) SetConfig(config string, now time.Time) {
	d.Version++
	config = strings.TrimLeft(declaration.ReplaceAllString(config, ""), "\r\n\t ")
	d.Config, d.LastModified, d.DeployedAt = config, now, now.Add(propagation)
	d.ETag = "E" + strings.ToUpper(view.ShortID(d.ID, d.Version)[:12])
}

// PutDistribution creates a distribution with a DistributionConfig document, or overwrites it.
func PutDistribution(store view.Store, id, config string, now time.Time) (*Distribution, error) {
	d := &Distribution{
		ID: id, ARN: "arn:" + view.Partition + ":cloudfront::" + view.AccountID + ":distribution/" + id,
		DomainName: "d" + strings.ToLower(view.ShortID(id)[:13]) + ".cloudfront.net",
	}
	d.SetConfig(config, now)
	return d, SaveDistribution(store, d)
}

// SaveDistribution stores a changed distribution.
func SaveDistribution(store view.Store, d *Distribution) error {
	return view.Save(store, view.RuntimeDistribution, d.ID, d)
}

// FindDistribution returns a distribution; ok is false when there is none of that ID.
func FindDistribution(store view.Store, id string) (d *Distribution, ok bool, err error) {
	r, ok := store.Get(view.RuntimeDistribution, id)
	if !ok {
		return nil, false, nil
	}
	d = &Distribution{}
	if err := view.Decode(r.State, d); err != nil {
		return nil, false, fmt.Errorf("distribution %s: %w", id, err)
	}
	return d, true, nil
}

// EditDistribution changes a distribution's configuration as another writer would.
func EditDistribution(store view.Store, id string, now time.Time, edit func(config string) string) error {
	d, ok, err := FindDistribution(store, id)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("edit distribution %s: no such distribution", id)
	}
	d.SetConfig(edit(d.Config), now)
	return SaveDistribution(store, d)
}
