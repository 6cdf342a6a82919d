package secrets

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// PutSecret gives a secret a value out of band, as an operator does with `aws secretsmanager put-secret-value`. The value
// becomes AWSCURRENT.
func PutSecret(store view.Store, secretARN, value string, now time.Time) error {
	version := view.ShortID(secretARN, now.UnixNano(), len(store.List(view.TypeSecretVersion)))
	id := version[:8] + "-" + version[8:12] + "-" + version[12:16] + "-" + version[16:20] + "-" + version[20:]
	for _, old := range store.List(view.TypeSecretVersion) {
		if view.Text(old, "secretId") != secretARN {
			continue
		}
		if err := store.Mutate(view.TypeSecretVersion, old.ID, func(state resource.PropertyMap) error {
			state["versionStages"] = resource.NewPropertyValue([]any{"AWSPREVIOUS"})
			return nil
		}); err != nil {
			return fmt.Errorf("put a value into secret %s: %w", secretARN, err)
		}
	}
	return view.Save(store, view.TypeSecretVersion, secretARN+"|"+id, map[string]any{
		"arn": secretARN, "secretId": secretARN, "secretString": value, "versionId": id, "versionStages": []string{"AWSCURRENT"},
	})
}
