package efs

import (
	"net/http"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// The service answers Amazon EFS, REST-JSON.
func init() {
	wire.Register(&wire.Service{Name: "elasticfilesystem", Protocol: efsProtocol{}, Operations: map[string]wire.Handler{
		"DescribeFileSystems":            describeFileSystems,
		"DescribeLifecycleConfiguration": describeLifecycleConfiguration,
		"DescribeFileSystemPolicy":       describeFileSystemPolicy,
		"DescribeMountTargets":           describeMountTargets,
		"CreateAccessPoint":              wire.JSONOperation(makeAccessPoint),
		"DeleteAccessPoint":              deleteAccessPoint,
	}})
}

const (
	fileSystemsPath  = "/2015-02-01/file-systems"
	mountTargetsPath = "/2015-02-01/mount-targets"
	accessPointsPath = "/2015-02-01/access-points"
)

// efsProtocol is REST-JSON: method and path name the operation, and an error's code is in a header.
type efsProtocol struct{ wire.JSON }

func (efsProtocol) Operation(x *wire.Exchange) string {
	path, method := strings.TrimSuffix(x.Request.URL.Path, "/"), x.Request.Method
	switch {
	case path == mountTargetsPath && method == http.MethodGet:
		return "DescribeMountTargets"
	case path == accessPointsPath && method == http.MethodPost:
		return "CreateAccessPoint"
	case strings.HasPrefix(path, accessPointsPath+"/") && method == http.MethodDelete:
		return "DeleteAccessPoint"
	}
	if rest, ok := strings.CutPrefix(path, fileSystemsPath); ok && x.Request.Method == http.MethodGet {
		switch _, what, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); {
		case rest == "":
			return "DescribeFileSystems"
		case what == "lifecycle-configuration":
			return "DescribeLifecycleConfiguration"
		case what == "policy":
			return "DescribeFileSystemPolicy"
		}
	}
	return x.Request.Method + " " + x.Request.URL.Path
}

func (p efsProtocol) WriteError(w http.ResponseWriter, _ *wire.Exchange, e *wire.Error) {
	refusal := p.Names().Of(e)
	w.Header().Set("X-Amzn-ErrorType", refusal.Code)
	wire.WriteJSON(w, refusal.Status, map[string]string{"ErrorCode": refusal.Code, "Message": refusal.Message})
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

// describeLifecycleConfiguration answers GET /2015-02-01/file-systems/ID/lifecycle-configuration.
func describeLifecycleConfiguration(x *wire.Exchange) (any, error) {
	id, _, _ := strings.Cut(strings.TrimPrefix(x.Request.URL.Path, fileSystemsPath+"/"), "/")
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
