// Command generate writes sdk.json: the values of those enumerations of the AWS
// SDK for Go that the account's rules refer to. It reads the SDK's sources, from
// this module's requirements where it has the service and in the pinned version
// below otherwise, so that no rule needs a module of its own.
//
// Run it with `go generate ./sandbox/internal/account/lists`; a test compares the result
// with the SDK that this module requires.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const prefix = "github.com/aws/aws-sdk-go-v2/service/"

// service is one module of the SDK and what is wanted of it.
type service struct {
	name string
	// version is used where this module does not require the service.
	version string
	enums   []string
}

var services = []service{
	{"applicationautoscaling", "v1.51.12", []string{"MetricAggregationType", "MetricStatistic"}},
	{"budgets", "v1.44.0", []string{"AutoAdjustType"}},
	{"ec2", "v1.347.0", []string{"DnsRecordIpType", "IpAddressType"}},
	{"ecs", "", []string{
		"ApplicationProtocol", "Compatibility", "ContainerCondition", "EBSResourceType", "EnvironmentFileType",
		"FirelensConfigurationType", "LaunchType", "LogDriver", "PlacementConstraintType", "PlacementStrategyType", "PropagateTags",
		"ResourceType", "Scope", "TaskDefinitionPlacementConstraintType", "TaskFilesystemType", "TransportProtocol", "UlimitName",
		"VersionConsistency",
	}},
	{"efs", "", []string{"ReplicationOverwriteProtection"}},
	{"elasticloadbalancingv2", "", []string{
		"AdvertiseTrustStoreCaNamesEnum", "AuthenticateCognitoActionConditionalBehaviorEnum",
		"AuthenticateOidcActionConditionalBehaviorEnum", "EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum",
	}},
	{"kms", "v1.55.0", []string{"KeySpec"}},
	{"lambda", "v1.115.0", []string{"SnapStartApplyOn", "SnapStartOptimizationStatus"}},
	{"route53", "v1.71.0", []string{"ResourceRecordSetFailover", "ResourceRecordSetRegion", "VPCRegion"}},
	{"s3", "v1.106.0", []string{
		"BucketAccelerateStatus", "MetricsStatus", "ObjectLockRetentionMode", "OwnerOverride", "Payer", "Permission",
		"ReplicationRuleStatus", "ReplicationTimeStatus", "ServerSideEncryption", "StorageClass", "TransitionStorageClass",
	}},
}

// foreign are the regions of partitions other than aws.
var foreign = regexp.MustCompile(`^(cn|eu-isoe|eusc|us-gov|us-iso[a-z]?)-`)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run() error {
	out := map[string][]string{}
	for _, s := range services {
		dir, err := s.source()
		if err != nil {
			return fmt.Errorf("finding the sources of %s: %w", s.name, err)
		}
		values, err := enums(filepath.Join(dir, "types", "enums.go"))
		if err != nil {
			return fmt.Errorf("reading the enumerations of %s: %w", s.name, err)
		}
		for _, e := range s.enums {
			if len(values[e]) == 0 {
				return fmt.Errorf("%s has no enumeration %s; take it off the table in generate/main.go or name it as the SDK does", s.name, e)
			}
			out[s.name+"."+e] = values[e]
		}
	}
	out["aws.Region"] = slices.DeleteFunc(slices.Clone(out["route53.VPCRegion"]), foreign.MatchString)
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile("sdk.json", append(text, '\n'), 0o600)
}

// source is the folder of the module's sources.
func (s service) source() (string, error) {
	args := []string{"list", "-m", "-json", prefix + s.name}
	if s.version != "" {
		args = []string{"mod", "download", "-json", prefix + s.name + "@" + s.version}
	}
	text, err := exec.Command("go", args...).Output() //nolint:gosec // the table above
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(text, &module); err != nil {
		return "", err
	}
	if module.Dir == "" {
		return "", errors.New("it is not in the module cache; run go mod download first")
	}
	return module.Dir, nil
}

// enums reads the SDK's form of an enumeration: typed string constants.
func enums(path string) (map[string][]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				continue
			}
			typ, isIdent := v.Type.(*ast.Ident)
			text, isText := v.Values[0].(*ast.BasicLit)
			if !isIdent || !isText {
				continue
			}
			value, err := strconv.Unquote(text.Value)
			if err != nil {
				return nil, err
			}
			if strings.TrimSpace(value) != "" {
				out[typ.Name] = append(out[typ.Name], value)
			}
		}
	}
	for _, values := range out {
		slices.Sort(values)
	}
	return out, nil
}
