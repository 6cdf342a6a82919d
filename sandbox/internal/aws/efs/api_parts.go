package efs

import (
	"net/http"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// fileSystem authorises the action on a file system, and looks that there is one.
func fileSystem(x *wire.Exchange, action, id string) error {
	if err := x.Allow(action, fileSystemARN(id), nil); err != nil {
		return err
	}
	if _, ok := x.Store.Get(view.TypeFileSystem, id); !ok {
		return noFileSystem(id)
	}
	return nil
}

func describeFileSystemPolicy(x *wire.Exchange) (any, error) {
	id := x.Path("id")
	if err := fileSystem(x, "elasticfilesystem:DescribeFileSystemPolicy", id); err != nil {
		return nil, err
	}
	for _, r := range x.Store.List(view.TypeFileSystemPolicy) {
		if view.Text(r, "fileSystemId") == id {
			return map[string]string{"FileSystemId": id, "Policy": view.Text(r, "policy")}, nil
		}
	}
	return nil, &wire.Error{Code: "PolicyNotFound", Message: "Policy not found for file system '" + id + "'", Status: http.StatusNotFound}
}

func describeMountTargets(x *wire.Exchange) (any, error) {
	query := x.Request.URL.Query()
	id := query.Get("FileSystemId")
	if err := fileSystem(x, "elasticfilesystem:DescribeMountTargets", id); err != nil {
		return nil, err
	}
	for name := range query {
		if name != "FileSystemId" && name != "MaxItems" {
			return nil, wire.NotSupported("the sandbox does not implement parameter %s of DescribeMountTargets", name)
		}
	}
	targets := []any{}
	for _, r := range x.Store.List(view.TypeMountTarget) {
		if view.Text(r, "fileSystemId") != id {
			continue
		}
		targets = append(targets, map[string]string{
			"MountTargetId": r.ID, "FileSystemId": id, "SubnetId": view.Text(r, "subnetId"), "LifeCycleState": "available",
			"IpAddress": view.Text(r, "ipAddress"), "AvailabilityZoneName": view.Text(r, "availabilityZoneName"), "OwnerId": view.AccountID,
		})
	}
	return map[string]any{"MountTargets": targets}, nil
}

func makeAccessPoint(x *wire.Exchange, in *struct {
	FileSystemID  string `json:"FileSystemId"`
	ClientToken   string `json:"ClientToken"`
	RootDirectory struct {
		Path string `json:"Path"`
	} `json:"RootDirectory"`
},
) (any, error) {
	if err := fileSystem(x, "elasticfilesystem:CreateAccessPoint", in.FileSystemID); err != nil {
		return nil, err
	}
	made, err := x.Create(view.TypeAccessPoint, map[string]any{
		"fileSystemId": in.FileSystemID, "rootDirectory": map[string]any{"path": in.RootDirectory.Path},
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"AccessPointId": made.ID, "AccessPointArn": view.Text(made, "arn"), "FileSystemId": in.FileSystemID, "LifeCycleState": "available",
		"ClientToken": in.ClientToken, "OwnerId": view.AccountID, "RootDirectory": map[string]string{"Path": in.RootDirectory.Path},
	}, nil
}

func deleteAccessPoint(x *wire.Exchange) (any, error) {
	id := x.Path("id")
	if err := x.Allow("elasticfilesystem:DeleteAccessPoint", view.ARN("elasticfilesystem", "access-point/"+id), nil); err != nil {
		return nil, err
	}
	found, ok := x.Store.Get(view.TypeAccessPoint, id)
	if !ok {
		return nil, &wire.Error{Code: "AccessPointNotFound", Message: "Access point '" + id + "' does not exist.", Status: http.StatusNotFound}
	}
	return struct{}{}, x.Remove(found)
}
