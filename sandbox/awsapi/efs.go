package awsapi

import (
	"net/http"
	"strings"

	"github.com/webordinary/live-edit/sandbox/account"
)

const (
	typeFileSystem  = "aws:efs/fileSystem:FileSystem"
	typeMountTarget = "aws:efs/mountTarget:MountTarget"
)

// efsService answers Amazon EFS, REST-JSON.
func efsService() *service {
	return &service{name: "elasticfilesystem", protocol: efsProtocol{}, operations: map[string]handler{
		"DescribeFileSystems": describeFileSystems,
	}}
}

// efsProtocol is REST-JSON: method and path name the operation, and an error's code is in a header.
type efsProtocol struct{ jsonProtocol }

func (efsProtocol) operation(x *exchange) string {
	if x.request.Method == http.MethodGet && strings.TrimSuffix(x.request.URL.Path, "/") == "/2015-02-01/file-systems" {
		return "DescribeFileSystems"
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
	SizeInBytes    map[string]int `json:"SizeInBytes"`
}

func describeFileSystems(x *exchange) (any, error) {
	query := x.request.URL.Query()
	only := query.Get("FileSystemId")
	arn := "*"
	if only != "" {
		arn = "arn:" + account.Partition + ":elasticfilesystem:" + account.Region + ":" + account.ID + ":file-system/" + only
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
	for _, r := range x.server.options.Store.List(typeFileSystem) {
		if only != "" && r.ID != only {
			continue
		}
		view := fileSystemView{
			OwnerID: account.ID, FileSystemID: r.ID, FileSystemARN: property(r, "arn"), LifeCycleState: "available",
			Performance: property(r, "performanceMode"), Throughput: property(r, "throughputMode"), SizeInBytes: map[string]int{"Value": 6144},
		}
		if tags := r.State["tags"]; tags.IsObject() {
			view.Name = property(account.Resource{State: tags.ObjectValue()}, "Name")
		}
		for _, target := range x.server.options.Store.List(typeMountTarget) {
			if property(target, "fileSystemId") == r.ID {
				view.MountTargets++
			}
		}
		views = append(views, view)
	}
	if only != "" && len(views) == 0 {
		return nil, &Error{Code: "FileSystemNotFound", Message: "File system '" + only + "' does not exist.", Status: http.StatusNotFound}
	}
	return map[string]any{"FileSystems": views}, nil
}
