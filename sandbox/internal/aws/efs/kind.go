// Package efs is Amazon EFS in the sandbox.
package efs

import (
	_ "embed"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/policies"
	"github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("efs", schemaJSON)
	kind.Register(efsKinds())
}

func efsKinds() map[string]*kind.Kind {
	onFileSystem := []kind.Ref{{Path: "fileSystemId", To: ToFileSystem, OnDelete: kind.Cascade}}
	byFileSystem := func(c *kind.Call) error { c.ID = c.Str("fileSystemId"); return nil }
	return map[string]*kind.Kind{
		view.TypeFileSystem: {
			Refs: []kind.Ref{{Path: "kmsKeyId", To: kms.ToKey}},
			Unique: []kind.Unique{{
				Paths: []string{"creationToken"}, Code: "FileSystemAlreadyExists",
				Message: "File system with creation token '%s' already exists",
				Adopt:   "import it with ID (it may have been kept by an earlier destroy), or choose another creationToken",
			}},
			Check:  checkZoneName,
			Create: createFileSystem,
		},
		view.TypeMountTarget: {
			Refs: []kind.Ref{
				{Path: "fileSystemId", To: ToFileSystem, OnDelete: kind.Block},
				{Path: "subnetId", To: ec2.ToSubnet, OnDelete: kind.Block},
				{Path: "securityGroups[*]", To: ec2.ToSecurityGroup, OnDelete: kind.Block},
			},
			Check: func(c *kind.Checker) {
				if n := len(props.All(c.In, "securityGroups[*]")); n > 5 {
					c.Fail("securityGroups", "SecurityGroupLimitExceeded: a mount target can have 5 security groups, this one has %d", n)
				}
			},
			Verify: verifyMountTarget,
			Create: createMountTarget,
		},
		view.TypeAccessPoint: {
			Refs:   onFileSystem,
			Create: createAccessPoint,
		},
		view.TypeFileSystemPolicy: {
			Refs: onFileSystem, Overwrites: true,
			Check: kind.InTurn(func(c *kind.Checker) {
				iam.CheckPolicy(c, "policy", iam.PolicyRule{Kind: policies.Resource, Max: 20000})
			},
				fileSystemPlace.Check),
			Verify: kind.InTurn(verifyFileSystemPolicy, fileSystemPlace.Verify),
			Create: byFileSystem,
		},
		"aws:efs/backupPolicy:BackupPolicy": {Refs: onFileSystem, Overwrites: true, Create: byFileSystem},
	}
}

func createFileSystem(c *kind.Call) error {
	c.ID = c.EC2ID("fs")
	c.Default("creationToken", "terraform-"+c.Hex("token", 26))
	c.Default("performanceMode", "generalPurpose")
	c.Default("encrypted", false)
	if props.Bool(c.State, "encrypted") {
		c.Default("kmsKeyId", view.ARN("kms", "key/"+kms.DefaultKeyID))
	} else {
		c.Default("kmsKeyId", "")
	}
	c.Default("availabilityZoneName", "")
	c.Default("protection", map[string]any{"replicationOverwrite": "ENABLED"})
	c.Set("dnsName", c.ID+".efs."+view.Region+".amazonaws.com")
	c.Set("name", props.Str(c.State, "tags.Name"))
	c.Set("sizeInBytes", []any{map[string]any{"value": 6144, "valueInIa": 0, "valueInStandard": 6144}})
	return nil
}

// verifyMountTarget: one per availability zone and file system, all in one VPC.
func verifyMountTarget(c *kind.Call) {
	subnet, ok := c.Get(view.TypeSubnet, c.Str("subnetId"))
	if !ok {
		return
	}
	zone, vpc := props.Str(subnet.State, "availabilityZone"), props.Str(subnet.State, "vpcId")
	ec2.GroupsInVPC(c, "securityGroups[*]", vpc)
	if !c.Creating() {
		return
	}
	for _, r := range c.By(view.TypeMountTarget, "fileSystemId", c.Str("fileSystemId")) {
		if c.DryRun && r.URN == c.URN {
			continue
		}
		other, _ := c.Get(view.TypeSubnet, props.Str(r.State, "subnetId"))
		if props.Str(other.State, "availabilityZone") == zone {
			c.Refuse("subnetId", "MountTargetConflict", "mount target already exists in this AZ: %s is in %s as well (%s)", kind.Describe(r), zone,
				other.ID)
		} else if in := props.Str(other.State, "vpcId"); in != vpc {
			c.Refuse("subnetId", "MountTargetConflict", "requested subnet for new mount target is not in the same VPC as existing mount "+
				"targets: %s is in %s, %s in %s",
				subnet.ID, vpc, other.ID, in)
		}
	}
}

func createMountTarget(c *kind.Call) error {
	fs, subnet := c.Str("fileSystemId"), c.Str("subnetId")
	c.ID = c.EC2ID("fsmt")
	s, _ := c.Get(view.TypeSubnet, subnet)
	zone := props.Str(s.State, "availabilityZone")
	c.Set("availabilityZoneName", zone)
	c.Set("availabilityZoneId", ec2.ZoneID(zone))
	c.Set("dnsName", fs+".efs."+view.Region+".amazonaws.com")
	c.Set("mountTargetDnsName", zone+"."+fs+".efs."+view.Region+".amazonaws.com")
	c.Set("fileSystemArn", view.ARN("elasticfilesystem", "file-system/"+fs))
	c.Set("networkInterfaceId", "eni-0"+c.Hex("eni", 16))
	c.Default("ipAddress", ec2.PrivateIP(c, subnet))
	if vpc, ok := c.Get(view.TypeVPC, props.Str(s.State, "vpcId")); ok && !props.Has(c.State, "securityGroups[*]") {
		c.Set("securityGroups", []string{props.Str(vpc.State, "defaultSecurityGroupId")})
	}
	return nil
}

func createAccessPoint(c *kind.Call) error {
	fs := c.Str("fileSystemId")
	c.ID = c.EC2ID("fsap")
	c.Set("fileSystemArn", view.ARN("elasticfilesystem", "file-system/"+fs))
	c.FillObject("rootDirectory", map[string]any{"path": "/"})
	return nil
}

// verifyFileSystemPolicy: a policy may only name its own file system and account.
func verifyFileSystemPolicy(c *kind.Call) {
	fs := c.Str("fileSystemId")
	p, err := policies.Parse(c.Str("policy"), policies.Resource)
	if err != nil || fs == "" {
		return
	}
	for _, s := range p.Statements {
		for _, r := range s.Resources {
			if r != "*" && !strings.HasSuffix(r, ":file-system/"+fs) && !strings.HasSuffix(r, "/*") {
				c.Refuse("policy", "InvalidPolicyException", "Policy contains invalid resource %s: expected the file system's ARN, %s", r,
					view.ARN("elasticfilesystem", "file-system/"+fs))
			}
		}
	}
}

var (
	// ToFileSystem is a reference to a file system.
	ToFileSystem = kind.Target{
		Types: []string{view.TypeFileSystem}, By: []string{"id"}, Generated: true,
		Code: "FileSystemNotFound", Message: "File system '%s' does not exist.",
		InUseCode: "FileSystemInUse", InUse: "File system '%s' has mount targets.",
	}
	// ToAccessPoint is a reference to an access point.
	ToAccessPoint = kind.Target{
		Types: []string{view.TypeAccessPoint}, By: []string{"id"}, Generated: true,
		Code: "AccessPointNotFound", Message: "Access point '%s' does not exist.",
	}
	// ToAccessPointARN is a reference to an access point by its ARN.
	ToAccessPointARN = kind.Target{
		Types: []string{view.TypeAccessPoint}, By: []string{"arn"}, Generated: true,
		Code: "InvalidParameterValueException", Message: "EFS access point %s does not exist.",
	}
)

func checkZoneName(c *kind.Checker) {
	if zone, ok := c.Text("availabilityZoneName"); ok && zone != "" && ec2.ZoneID(zone) == "" {
		c.Fail("availabilityZoneName", "AvailabilityZonesMismatch: the availability zone %q is not in %s; expected one of %s", zone, view.Region,
			strings.Join(ec2.ZoneNames(), ", "))
	}
}

// fileSystemPlace is a file system's policy.
var fileSystemPlace = iam.PolicyPlace{
	Path: "policy", Kind: policies.Resource, Vendor: "elasticfilesystem",
	Code: "InvalidPolicyException", Principal: "Policy contains invalid Principal block",
	BadAction: "InvalidPolicyException", Action: "Policy contains invalid Action block",
}
