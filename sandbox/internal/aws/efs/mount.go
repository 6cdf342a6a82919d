package efs

import (
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam/authz"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// Mount is an attempt to mount a file system.
type Mount struct {
	FileSystemID  string
	AccessPointID string // empty when no access point is used
	Zone          string // availability zone of the client
	RoleARN       string // empty for an anonymous client
	Encrypted     bool   // whether the client uses TLS
	// NameFrom is the client's subnet, where it looks the file system up by its name, as ECS does; empty where it does not.
	NameFrom string
}

// Refusal tries the mount and says in the mount helper's words why it fails, or "" when it succeeds.
func (m Mount) Refusal(store view.Store, authorizer *authz.Authorizer) (string, error) {
	fileSystem, ok := store.Get(view.TypeFileSystem, m.FileSystemID)
	if !ok {
		return fmt.Sprintf("Failed to resolve \"%s.efs.us-west-2.amazonaws.com\" - check that your file system ID is correct.",
			m.FileSystemID), nil
	}
	if m.NameFrom != "" && !ec2.ResolvesNames(store, m.NameFrom) {
		return fmt.Sprintf("Failed to resolve \"%s.efs.us-west-2.amazonaws.com\" - check that your file system ID is correct, and ensure that "+
			"the VPC has an EFS mount target for this file system ID.", m.FileSystemID), nil // it does not say that the VPC resolves no names
	}
	if !m.reachable(store) {
		return fmt.Sprintf("Failed to resolve \"%s.efs.us-west-2.amazonaws.com\" - The file system mount target ip address cannot be "+
			"found in availability zone %s.", m.FileSystemID, m.Zone), nil
	}
	context := authz.Context{
		"elasticfilesystem:AccessedViaMountTarget": {"true"},
		"aws:SecureTransport":                      {fmt.Sprint(m.Encrypted)},
	}
	if m.AccessPointID != "" {
		accessPoint, ok := store.Get(view.TypeAccessPoint, m.AccessPointID)
		if !ok || view.Text(accessPoint, "fileSystemId") != m.FileSystemID {
			return fmt.Sprintf("b'mount.nfs4: mounting failed, access point %s does not exist on %s'", m.AccessPointID, m.FileSystemID), nil
		}
		context["elasticfilesystem:AccessPointArn"] = []string{view.Text(accessPoint, "arn")}
	}
	for _, action := range []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"} {
		decision, err := authorizer.Authorize(authz.Request{
			Caller: m.caller(), Action: action, Resource: view.Text(fileSystem, "arn"), Context: context,
		})
		if err != nil {
			return "", fmt.Errorf("mount %s: %w", m.FileSystemID, err)
		}
		if !decision.Allowed() {
			return fmt.Sprintf("b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' (%s: %s)", action, decision.Reason()), nil
		}
	}
	return "", nil
}

func (m Mount) caller() authz.Caller {
	if m.RoleARN == "" {
		// An anonymous client is only covered by statements for everybody.
		return authz.Caller{Service: "anonymous"}
	}
	return authz.Caller{RoleARN: m.RoleARN, SessionARN: m.RoleARN}
}

// reachable says whether the file system has a mount target in the client's zone.
func (m Mount) reachable(store view.Store) bool {
	for _, r := range store.List(view.TypeMountTarget) {
		if view.Text(r, "fileSystemId") == m.FileSystemID && ec2.ZoneOf(store, view.Text(r, "subnetId")) == m.Zone {
			return true
		}
	}
	return false
}
