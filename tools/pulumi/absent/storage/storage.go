// Package storage stands where the Pulumi CLI expects Google's client of Cloud Storage. The CLI needs that for state in a
// gs:// bucket; compiling the real one, with gRPC's service mesh below it, takes a sixth of the CLI's build. NewClient
// refuses, so nothing else here ever runs.
package storage

import (
	"context"
	"errors"
	"time"

	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

// ScopeReadWrite is the OAuth scope of objects (Google: "Cloud Storage OAuth 2.0 scopes").
const ScopeReadWrite = "https://www.googleapis.com/auth/devstorage.read_write"

// ErrAbsent is what every call is answered with.
var ErrAbsent = errors.New("this Pulumi CLI was built from its module for the sandbox, without Google Cloud Storage (gs://): " +
	"install the official release, https://www.pulumi.com/docs/install/")

// What the real client says of missing things; nothing returns them here.
var (
	ErrBucketNotExist = errors.New("storage: bucket doesn't exist")
	ErrObjectNotExist = errors.New("storage: object doesn't exist")
)

// The types that the bucket driver mentions, as far as it mentions them.
type (
	Client         struct{}
	BucketHandle   struct{}
	ObjectHandle   struct{}
	ObjectIterator struct{}
	Copier         struct{}
	Conditions     struct{ DoesNotExist bool }
	Query          struct {
		Prefix, Delimiter string
	}
	ObjectAttrs struct {
		Name, Prefix, Etag                                                              string
		CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType string
		Metadata                                                                        map[string]string
		Created, Updated                                                                time.Time
		Size                                                                            int64
		MD5                                                                             []byte
	}
	ReaderObjectAttrs struct {
		ContentType  string
		LastModified time.Time
		Size         int64
	}
	Reader struct{ Attrs ReaderObjectAttrs }
	Writer struct {
		ObjectAttrs
		ChunkSize             int
		ForceEmptyContentType bool
	}
	SignedURLOptions struct {
		Expires                             time.Time
		Method, ContentType, GoogleAccessID string
		PrivateKey                          []byte
		SignBytes                           func([]byte) ([]byte, error)
	}
)

// NewClient refuses with ErrAbsent.
func NewClient(context.Context, ...option.ClientOption) (*Client, error) { return nil, ErrAbsent }

// SignedURL refuses with ErrAbsent.
func SignedURL(string, string, *SignedURLOptions) (string, error) { return "", ErrAbsent }

func (*Client) Bucket(string) *BucketHandle                           { return &BucketHandle{} }
func (*BucketHandle) Object(string) *ObjectHandle                     { return &ObjectHandle{} }
func (*BucketHandle) Objects(context.Context, *Query) *ObjectIterator { return &ObjectIterator{} }
func (*ObjectIterator) PageInfo() *iterator.PageInfo                  { return &iterator.PageInfo{} }
func (o *ObjectHandle) If(Conditions) *ObjectHandle                   { return o }
func (*ObjectHandle) Attrs(context.Context) (*ObjectAttrs, error)     { return nil, ErrAbsent }
func (*ObjectHandle) Delete(context.Context) error                    { return ErrAbsent }
func (*ObjectHandle) NewWriter(context.Context) *Writer               { return &Writer{} }
func (*ObjectHandle) CopierFrom(*ObjectHandle) *Copier                { return &Copier{} }
func (*Copier) Run(context.Context) (*ObjectAttrs, error)             { return nil, ErrAbsent }
func (*Reader) Read([]byte) (int, error)                              { return 0, ErrAbsent }
func (*Reader) Close() error                                          { return nil }
func (*Writer) Write([]byte) (int, error)                             { return 0, ErrAbsent }
func (*Writer) Close() error                                          { return ErrAbsent }
func (*ObjectHandle) NewRangeReader(context.Context, int64, int64) (*Reader, error) {
	return nil, ErrAbsent
}
