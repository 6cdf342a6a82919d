package main

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/webordinary/live-edit/sandbox/internal/aws/cloudfront"
)

// siteDistribution is the site's distribution as its own stack would deploy it.
//
//go:embed distribution.xml
var siteDistribution string

var distributionID = regexp.MustCompile(`^E[A-Z0-9]{6,20}$`)

func newDistributionCommand(s *session) *cobra.Command {
	var id, file string
	cmd := &cobra.Command{
		Use: "distribution", Short: "Put a CloudFront distribution of another stack into the account", Args: cobra.NoArgs,
		Long: "Puts a CloudFront distribution into the simulated account, or puts its owner's configuration back: what\n" +
			"another stack does in AWS. A stack with that distributionId then adds its behaviours to it.",
		Example: "  go run ./sandbox distribution --id E2QWRUHAPOMQZL",
		RunE: func(*cobra.Command, []string) error {
			if !distributionID.MatchString(id) {
				return usagef("--id %q: expected a distribution ID such as E2QWRUHAPOMQZL", id)
			}
			config, err := distributionConfig(file)
			if err != nil {
				return err
			}
			return s.withSandbox(func(sandbox *openSandbox) error {
				d, err := cloudfront.PutDistribution(sandbox.Account(), id, config, time.Now())
				if err != nil {
					return err
				}
				s.printf("Distribution %s (%s) is in the account.\n", d.ID, d.DomainName)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "the distribution's ID")
	cmd.Flags().StringVar(&file, "config", "", "its DistributionConfig as XML (default: a site in a bucket)")
	return cmd
}

// distributionConfig reads a DistributionConfig document, without its XML declaration.
func distributionConfig(file string) (string, error) {
	text := siteDistribution
	if file != "" {
		data, err := os.ReadFile(file) //nolint:gosec // the user's choice
		if err != nil {
			return "", usagef("--config: %w", err)
		}
		text = string(data)
	}
	var document struct {
		XMLName xml.Name `xml:"DistributionConfig"`
	}
	if err := xml.Unmarshal([]byte(text), &document); err != nil {
		return "", usagef("--config %s: expected a DistributionConfig document: %w", file, err)
	}
	start := strings.Index(text, "<DistributionConfig")
	if start < 0 {
		return "", fmt.Errorf("the document has a prefix on <DistributionConfig>, which the sandbox does not take")
	}
	return text[start:], nil
}
