package efs

import (
	"net/http"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers Amazon EFS, REST-JSON.
func init() {
	speak := wire.RESTJSON{Routes: wire.Routes{
		"GET /2015-02-01/file-systems":                              "DescribeFileSystems",
		"GET /2015-02-01/file-systems/{id}/lifecycle-configuration": "DescribeLifecycleConfiguration",
		"GET /2015-02-01/file-systems/{id}/policy":                  "DescribeFileSystemPolicy",
		"GET /2015-02-01/mount-targets":                             "DescribeMountTargets",
		"POST /2015-02-01/access-points":                            "CreateAccessPoint",
		"DELETE /2015-02-01/access-points/{id}":                     "DeleteAccessPoint",
	}}
	wire.Register(&wire.Service{Name: "elasticfilesystem", Protocol: speak, Operations: map[string]wire.Handler{
		"DescribeFileSystems":            describeFileSystems,
		"DescribeLifecycleConfiguration": describeLifecycleConfiguration,
		"DescribeFileSystemPolicy":       describeFileSystemPolicy,
		"DescribeMountTargets":           describeMountTargets,
		"CreateAccessPoint":              wire.JSONOperation(makeAccessPoint),
		"DeleteAccessPoint":              deleteAccessPoint,
	}})
}

type fileSystemView struct {
	OwnerID        string         `json:"OwnerId"`
	FileSystemID   string         `json:"FileSystemId"`
	FileSystemARN  string         `json:"FileSystemArn"`
	Name           string         `json:"Name,omitempty"`
	LifeCycleState string         `json:"LifeCycleState"`
	MountTargets   int            `json:"NumberOfMountTargets"`
	Performance    string         `json:"PerformanceMode,omitempty"`
	Throughput     string         `json:"ThroughputMode,omitempty"`
	Encrypted      bool           `json:"Encrypted"`
	SizeInBytes    map[string]int `json:"SizeInBytes"`
}

func describeFileSystems(x *wire.Exchange) (any, error) {
	query := x.Request.URL.Query()
	only := query.Get("FileSystemId")
	arn := "*"
	if only != "" {
		arn = fileSystemARN(only)
	}
	if err := x.Allow("elasticfilesystem:DescribeFileSystems", arn, nil); err != nil {
		return nil, err
	}
	for name := range query {
		if name != "FileSystemId" && name != "MaxItems" {
			return nil, wire.NotSupported("the sandbox does not implement parameter %s of DescribeFileSystems", name)
		}
	}
	views := []fileSystemView{}
	for _, r := range x.Store.List(view.TypeFileSystem) {
		if only != "" && r.ID != only {
			continue
		}
		answer := fileSystemView{
			OwnerID: view.AccountID, FileSystemID: r.ID, FileSystemARN: view.Text(r, "arn"), LifeCycleState: "available",
			Performance: view.Text(r, "performanceMode"), Throughput: view.Text(r, "throughputMode"), SizeInBytes: map[string]int{"Value": 6144},
		}
		if encrypted := r.State["encrypted"]; encrypted.IsBool() {
			answer.Encrypted = encrypted.BoolValue()
		}
		if tags := r.State["tags"]; tags.IsObject() {
			answer.Name = view.Text(view.Resource{State: tags.ObjectValue()}, "Name")
		}
		for _, target := range x.Store.List(view.TypeMountTarget) {
			if view.Text(target, "fileSystemId") == r.ID {
				answer.MountTargets++
			}
		}
		views = append(views, answer)
	}
	if only != "" && len(views) == 0 {
		return nil, noFileSystem(only)
	}
	return map[string]any{"FileSystems": views}, nil
}

func fileSystemARN(id string) string {
	return "arn:" + view.Partition + ":elasticfilesystem:" + view.Region + ":" + view.AccountID + ":file-system/" + id
}

func noFileSystem(id string) *wire.Error {
	return &wire.Error{Code: "FileSystemNotFound", Message: "File system '" + id + "' does not exist.", Status: http.StatusNotFound}
}

func describeLifecycleConfiguration(x *wire.Exchange) (any, error) {
	id := x.Path("id")
	if err := x.Allow("elasticfilesystem:DescribeLifecycleConfiguration", fileSystemARN(id), nil); err != nil {
		return nil, err
	}
	fileSystem, ok := x.Store.Get(view.TypeFileSystem, id)
	if !ok {
		return nil, noFileSystem(id)
	}
	var state struct {
		Policies []struct {
			IA      string `json:"transitionToIa"`
			Primary string `json:"transitionToPrimaryStorageClass"`
			Archive string `json:"transitionToArchive"`
		} `json:"lifecyclePolicies"`
	}
	if err := view.Decode(fileSystem.State, &state); err != nil {
		return nil, err
	}
	policies := []map[string]string{}
	for _, p := range state.Policies {
		policy := map[string]string{}
		for name, value := range map[string]string{
			"TransitionToIA": p.IA, "TransitionToPrimaryStorageClass": p.Primary, "TransitionToArchive": p.Archive,
		} {
			if value != "" {
				policy[name] = value
			}
		}
		policies = append(policies, policy)
	}
	return map[string]any{"LifecyclePolicies": policies}, nil
}
