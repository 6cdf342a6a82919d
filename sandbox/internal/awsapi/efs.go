package awsapi

import (
	"net/http"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// efsService answers Amazon EFS, REST-JSON.
func efsService() *service {
	return &service{name: "elasticfilesystem", protocol: efsProtocol{}, operations: map[string]handler{
		"DescribeFileSystems":            describeFileSystems,
		"DescribeLifecycleConfiguration": describeLifecycleConfiguration,
	}}
}

const fileSystemsPath = "/2015-02-01/file-systems"

// efsProtocol is REST-JSON: method and path name the operation, and an error's code is in a header.
type efsProtocol struct{ jsonProtocol }

func (efsProtocol) operation(x *exchange) string {
	path := strings.TrimSuffix(x.request.URL.Path, "/")
	if rest, ok := strings.CutPrefix(path, fileSystemsPath); ok && x.request.Method == http.MethodGet {
		switch _, what, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); {
		case rest == "":
			return "DescribeFileSystems"
		case what == "lifecycle-configuration":
			return "DescribeLifecycleConfiguration"
		}
	}
	return x.request.Method + " " + x.request.URL.Path
}

func (p efsProtocol) writeError(w http.ResponseWriter, _ *exchange, e *Error) {
	wire := p.names().of(e)
	w.Header().Set("X-Amzn-ErrorType", wire.code)
	writeJSON(w, wire.status, map[string]string{"ErrorCode": wire.code, "Message": wire.message})
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

func describeFileSystems(x *exchange) (any, error) {
	query := x.request.URL.Query()
	only := query.Get("FileSystemId")
	arn := "*"
	if only != "" {
		arn = fileSystemARN(only)
	}
	if err := x.allow("elasticfilesystem:DescribeFileSystems", arn, nil); err != nil {
		return nil, err
	}
	for name := range query {
		if name != "FileSystemId" && name != "MaxItems" {
			return nil, notSupported("the sandbox does not implement parameter %s of DescribeFileSystems", name)
		}
	}
	views := []fileSystemView{}
	for _, r := range x.server.options.Store.List(view.TypeFileSystem) {
		if only != "" && r.ID != only {
			continue
		}
		answer := fileSystemView{
			OwnerID: view.AccountID, FileSystemID: r.ID, FileSystemARN: property(r, "arn"), LifeCycleState: "available",
			Performance: property(r, "performanceMode"), Throughput: property(r, "throughputMode"), SizeInBytes: map[string]int{"Value": 6144},
		}
		if encrypted := r.State["encrypted"]; encrypted.IsBool() {
			answer.Encrypted = encrypted.BoolValue()
		}
		if tags := r.State["tags"]; tags.IsObject() {
			answer.Name = property(view.Resource{State: tags.ObjectValue()}, "Name")
		}
		for _, target := range x.server.options.Store.List(view.TypeMountTarget) {
			if property(target, "fileSystemId") == r.ID {
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

func noFileSystem(id string) *Error {
	return &Error{Code: "FileSystemNotFound", Message: "File system '" + id + "' does not exist.", Status: http.StatusNotFound}
}

// describeLifecycleConfiguration answers GET /2015-02-01/file-systems/ID/lifecycle-configuration.
func describeLifecycleConfiguration(x *exchange) (any, error) {
	id, _, _ := strings.Cut(strings.TrimPrefix(x.request.URL.Path, fileSystemsPath+"/"), "/")
	if err := x.allow("elasticfilesystem:DescribeLifecycleConfiguration", fileSystemARN(id), nil); err != nil {
		return nil, err
	}
	fileSystem, ok := x.server.options.Store.Get(view.TypeFileSystem, id)
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
