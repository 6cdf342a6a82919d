package s3

import (
	"crypto/md5" //nolint:gosec // an ETag is one
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

const (
	s3Namespace          = "http://s3.amazonaws.com/doc/2006-03-01/"
	typeBucketVersioning = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	typePublicAccess     = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
)

// The service answers Amazon S3, REST-XML, with the bucket in the path, where clients put it for an endpoint that is an IP address.
func init() {
	wire.Register(&wire.Service{Name: "s3", Protocol: s3Protocol{}, Operations: map[string]wire.Handler{
		"CreateBucket":         makeBucket,
		"PutBucketVersioning":  putBucketVersioning,
		"PutPublicAccessBlock": putPublicAccessBlock,
		"ListObjectsV2":        listObjects,
		"ListObjectVersions":   listObjectVersions,
		"PutObject":            putObject,
		"CopyObject":           copyObject,
		"GetObject":            getObject,
		"HeadObject":           getObject,
		"DeleteObject":         deleteObject,
	}})
}

// s3Protocol names an operation by method, path and the query's first word.
type s3Protocol struct{ wire.RESTXML }

// s3Path splits /BUCKET/KEY.
func s3Path(x *wire.Exchange) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(x.Request.URL.Path, "/"), "/")
	return bucket, key
}

func (s3Protocol) Operation(x *wire.Exchange) string {
	_, key := s3Path(x)
	query, method := x.Request.URL.Query(), x.Request.Method
	for _, known := range []struct {
		fits bool
		name string
	}{
		{key == "" && method == http.MethodPut && query.Has("versioning"), "PutBucketVersioning"},
		{key == "" && method == http.MethodPut && query.Has("publicAccessBlock"), "PutPublicAccessBlock"},
		{key == "" && method == http.MethodPut && len(query) == 0, "CreateBucket"},
		{key == "" && method == http.MethodGet && query.Has("versions"), "ListObjectVersions"},
		{key == "" && method == http.MethodGet && query.Get("list-type") == "2", "ListObjectsV2"},
		{key != "" && method == http.MethodPut && x.Request.Header.Get("X-Amz-Copy-Source") != "", "CopyObject"},
		{key != "" && method == http.MethodPut && !query.Has("uploadId"), "PutObject"},
		{key != "" && method == http.MethodGet, "GetObject"},
		{key != "" && method == http.MethodHead, "HeadObject"},
		{key != "" && method == http.MethodDelete, "DeleteObject"},
	} {
		if known.fits {
			return known.name
		}
	}
	return method + " " + x.Request.URL.RequestURI()
}

func bucketARN(name string) string { return "arn:" + view.Partition + ":s3:::" + name }

// findBucket authorises the action on the bucket, or on the object if there is a key, and finds the bucket.
func findBucket(x *wire.Exchange, action string) (bucket, key string, err error) {
	bucket, key = s3Path(x)
	arn := bucketARN(bucket)
	if key != "" {
		arn += "/" + key
	}
	if err := x.Allow(action, arn, nil); err != nil {
		return "", "", err
	}
	return bucket, key, bucketExists(x, bucket)
}

func bucketExists(x *wire.Exchange, bucket string) error {
	if _, ok := x.Store.Get(view.TypeBucket, bucket); ok {
		return nil
	}
	return &wire.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: http.StatusNotFound}
}

// makeBucket makes a bucket in the account's region.
func makeBucket(x *wire.Exchange) (any, error) {
	bucket, _ := s3Path(x)
	if err := x.Allow("s3:CreateBucket", bucketARN(bucket), nil); err != nil {
		return nil, err
	}
	var in struct {
		Region string `xml:"LocationConstraint"`
	}
	if err := decodeXML(x.Body, &in); err != nil {
		return nil, err
	}
	if in.Region != view.Region {
		return nil, wire.Refuse("IllegalLocationConstraintException",
			"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", orUnspecified(in.Region))
	}
	if _, err := x.Create(view.TypeBucket, map[string]any{"bucket": bucket}); err != nil {
		refused := wire.AsError(err)
		if refused.Code == "BucketAlreadyOwnedByYou" {
			refused.Status = http.StatusConflict
		}
		return nil, refused
	}
	x.Header.Set("Location", "http://"+bucket+".s3.amazonaws.com/")
	return nil, nil //nolint:nilnil // an answer without a body
}

func orUnspecified(region string) string {
	if region == "" {
		return "unspecified"
	}
	return region
}

func decodeXML(body []byte, into any) error {
	if len(body) == 0 {
		return nil
	}
	if err := xml.Unmarshal(body, into); err != nil {
		return wire.Refuse("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema: %v", err)
	}
	return nil
}

// setting puts a part of a bucket's configuration, over what was there.
func setting(x *wire.Exchange, action, typ string, inputs map[string]any) (any, error) {
	bucket, _, err := findBucket(x, action)
	if err != nil {
		return nil, err
	}
	inputs["bucket"] = bucket
	if old, ok := x.Store.Get(typ, bucket); ok {
		return nil, x.Store.Mutate(typ, old.ID, func(state resource.PropertyMap) error {
			for key, value := range resource.NewPropertyMapFromMap(inputs) {
				state[key] = value
			}
			return nil
		})
	}
	_, err = x.Create(typ, inputs)
	return nil, err
}

func putBucketVersioning(x *wire.Exchange) (any, error) {
	var in struct {
		Status string `xml:"Status"`
	}
	if err := decodeXML(x.Body, &in); err != nil {
		return nil, err
	}
	return setting(x, "s3:PutBucketVersioning", typeBucketVersioning,
		map[string]any{"versioningConfiguration": map[string]any{"status": in.Status}})
}

func putPublicAccessBlock(x *wire.Exchange) (any, error) {
	var in struct {
		BlockACLs      bool `xml:"BlockPublicAcls"`
		IgnoreACLs     bool `xml:"IgnorePublicAcls"`
		BlockPolicy    bool `xml:"BlockPublicPolicy"`
		RestrictBucket bool `xml:"RestrictPublicBuckets"`
	}
	if err := decodeXML(x.Body, &in); err != nil {
		return nil, err
	}
	return setting(x, "s3:PutBucketPublicAccessBlock", typePublicAccess, map[string]any{
		"blockPublicAcls": in.BlockACLs, "ignorePublicAcls": in.IgnoreACLs, "blockPublicPolicy": in.BlockPolicy,
		"restrictPublicBuckets": in.RestrictBucket,
	})
}

// object is a version of an object, or the mark that it was deleted.
type object struct {
	Bucket  string    `json:"bucket"`
	Key     string    `json:"key"`
	Version string    `json:"versionId"`
	Body    string    `json:"body"` // in base64
	ETag    string    `json:"etag"`
	Size    int       `json:"size"`
	At      time.Time `json:"lastModified"`
	Order   int       `json:"order"`
	Deleted bool      `json:"deleted"`
}

// objects are all versions of a bucket's objects whose key begins with the prefix, by key, the newest of each key first.
func objects(x *wire.Exchange, bucket, prefix string) ([]object, error) {
	var found []object
	for _, r := range x.Store.List(view.RuntimeObject) {
		var o object
		if err := view.Decode(r.State, &o); err != nil {
			return nil, err
		}
		if o.Bucket == bucket && strings.HasPrefix(o.Key, prefix) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b object) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return b.Order - a.Order
	})
	return found, nil
}

// keep adds a version, or overwrites the object of a bucket without versions.
func keep(x *wire.Exchange, o object) (string, error) {
	versions, err := objects(x, o.Bucket, o.Key)
	if err != nil {
		return "", err
	}
	o.Version, o.At = "null", x.Now
	if r, ok := x.Store.Get(typeBucketVersioning, o.Bucket); ok {
		var state struct {
			Configuration struct {
				Status string `json:"status"`
			} `json:"versioningConfiguration"`
		}
		if err := view.Decode(r.State, &state); err != nil {
			return "", err
		}
		if state.Configuration.Status == "Enabled" {
			o.Version = strings.ReplaceAll(x.RequestID(), "-", "")
		}
	}
	for _, old := range versions {
		if old.Key == o.Key {
			o.Order = max(o.Order, old.Order+1)
		}
	}
	id := o.Bucket + "/" + o.Key + "?versionId=" + o.Version
	if o.Deleted && o.Version == "null" {
		if _, ok := x.Store.Get(view.RuntimeObject, id); !ok {
			return "", nil
		}
		return "", x.Store.Remove(view.RuntimeObject, id)
	}
	x.Header.Set("X-Amz-Version-Id", o.Version)
	state := resource.NewPropertyMapFromMap(map[string]any{
		"bucket": o.Bucket, "key": o.Key, "versionId": o.Version, "body": o.Body, "etag": o.ETag, "size": float64(o.Size),
		"lastModified": o.At.UTC().Format(time.RFC3339Nano), "order": float64(o.Order), "deleted": o.Deleted,
	})
	return o.ETag, x.Store.Put(view.Resource{Type: view.RuntimeObject, ID: id, State: state})
}

// latest finds the newest version of an object, which is none if it marks a deletion.
func latest(x *wire.Exchange, bucket, key string) (object, error) {
	found, err := objects(x, bucket, key)
	if err != nil {
		return object{}, err
	}
	for _, o := range found {
		if o.Key == key && !o.Deleted {
			return o, nil
		}
		if o.Key == key {
			break
		}
	}
	return object{}, &wire.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: http.StatusNotFound}
}

func sum(body []byte) string {
	hash := md5.Sum(body) //nolint:gosec // what S3 gives as an ETag
	return `"` + hex.EncodeToString(hash[:]) + `"`
}

func putObject(x *wire.Exchange) (any, error) {
	bucket, key, err := findBucket(x, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	if strings.Contains(x.Request.Header.Get("Content-Encoding"), "aws-chunked") {
		return nil, wire.NotSupported("the sandbox does not implement bodies in chunks")
	}
	etag, err := keep(x, object{
		Bucket: bucket, Key: key, Body: base64.StdEncoding.EncodeToString(x.Body), ETag: sum(x.Body), Size: len(x.Body),
	})
	x.Header.Set("ETag", etag)
	return nil, err
}

func copyObject(x *wire.Exchange) (any, error) {
	bucket, key, err := findBucket(x, "s3:PutObject")
	if err != nil {
		return nil, err
	}
	source, err := url.PathUnescape(strings.TrimPrefix(x.Request.Header.Get("X-Amz-Copy-Source"), "/"))
	if err != nil {
		return nil, wire.Refuse("InvalidArgument", "Copy Source must mention the source bucket and key: %v", err)
	}
	fromBucket, fromKey, _ := strings.Cut(source, "/")
	if err := x.Allow("s3:GetObject", bucketARN(source), nil); err != nil {
		return nil, err
	}
	from, err := latest(x, fromBucket, fromKey)
	if err != nil {
		return nil, err
	}
	from.Bucket, from.Key, from.Order = bucket, key, 0
	etag, err := keep(x, from)
	return struct {
		XMLName xml.Name `xml:"CopyObjectResult"`
		ETag    string   `xml:"ETag"`
		At      string   `xml:"LastModified"`
	}{ETag: etag, At: s3Time(x.Now)}, err
}

func getObject(x *wire.Exchange) (any, error) {
	bucket, key, err := findBucket(x, "s3:GetObject")
	if err != nil {
		return nil, err
	}
	found, err := latest(x, bucket, key)
	if err != nil {
		return nil, err
	}
	body, err := base64.StdEncoding.DecodeString(found.Body)
	if err != nil {
		return nil, fmt.Errorf("the body of %s: %w", key, err)
	}
	x.Header.Set("ETag", found.ETag)
	x.Header.Set("Last-Modified", found.At.UTC().Format(http.TimeFormat))
	x.Header.Set("X-Amz-Version-Id", found.Version)
	return body, nil
}

func deleteObject(x *wire.Exchange) (any, error) {
	bucket, key, err := findBucket(x, "s3:DeleteObject")
	if err != nil {
		return nil, err
	}
	_, err = keep(x, object{Bucket: bucket, Key: key, Deleted: true})
	return nil, err
}

func s3Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
