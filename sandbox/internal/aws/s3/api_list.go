package s3

import (
	"encoding/xml"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/wire"
)

// mostKeys is how many entries one page of a listing has (ListObjectsV2). More than that is out of the sandbox's reach.
const mostKeys = 1000

type objectEntry struct {
	Key     string `xml:"Key"`
	At      string `xml:"LastModified"`
	ETag    string `xml:"ETag"`
	Size    int    `xml:"Size"`
	Storage string `xml:"StorageClass"`
}

type commonPrefix struct {
	Prefix string `xml:"Prefix"`
}

// listObjects lists the newest versions, those below a delimiter under their common prefix.
func listObjects(x *wire.Exchange) (any, error) {
	bucket, _, err := findBucket(x, "s3:ListBucket")
	if err != nil {
		return nil, err
	}
	query := x.Request.URL.Query()
	for name := range query {
		switch name {
		case "list-type", "prefix", "delimiter", "max-keys", "fetch-owner", "encoding-type":
		default:
			return nil, wire.NotSupported("the sandbox does not implement parameter %s of ListObjectsV2", name)
		}
	}
	found, err := objects(x, bucket, query.Get("prefix"))
	if err != nil {
		return nil, err
	}
	out := struct {
		XMLName   xml.Name       `xml:"ListBucketResult"`
		Xmlns     string         `xml:"xmlns,attr"`
		Name      string         `xml:"Name"`
		Prefix    string         `xml:"Prefix"`
		KeyCount  int            `xml:"KeyCount"`
		MaxKeys   int            `xml:"MaxKeys"`
		Truncated bool           `xml:"IsTruncated"`
		Contents  []objectEntry  `xml:"Contents"`
		Common    []commonPrefix `xml:"CommonPrefixes"`
	}{Xmlns: s3Namespace, Name: bucket, Prefix: query.Get("prefix"), MaxKeys: mostKeys}
	last, group := "", ""
	for _, o := range found {
		if o.Key == last {
			continue // an older version
		}
		last = o.Key
		if o.Deleted {
			continue
		}
		rest := strings.TrimPrefix(o.Key, out.Prefix)
		if at := strings.Index(rest, query.Get("delimiter")); query.Get("delimiter") != "" && at >= 0 {
			if below := out.Prefix + rest[:at+len(query.Get("delimiter"))]; below != group {
				group = below
				out.Common = append(out.Common, commonPrefix{below})
			}
			continue
		}
		out.Contents = append(out.Contents, objectEntry{o.Key, s3Time(o.At), o.ETag, o.Size, "STANDARD"})
	}
	out.KeyCount = len(out.Contents) + len(out.Common)
	if out.KeyCount > mostKeys {
		return nil, wire.NotSupported("the sandbox lists %d objects at most", mostKeys)
	}
	return out, nil
}

type versionEntry struct {
	Key     string `xml:"Key"`
	Version string `xml:"VersionId"`
	Latest  bool   `xml:"IsLatest"`
	At      string `xml:"LastModified"`
	ETag    string `xml:"ETag,omitempty"`
	Size    *int   `xml:"Size"`
}

func listObjectVersions(x *wire.Exchange) (any, error) {
	bucket, _, err := findBucket(x, "s3:ListBucketVersions")
	if err != nil {
		return nil, err
	}
	found, err := objects(x, bucket, x.Request.URL.Query().Get("prefix"))
	if err != nil {
		return nil, err
	}
	if len(found) > mostKeys {
		return nil, wire.NotSupported("the sandbox lists %d versions at most", mostKeys)
	}
	out := struct {
		XMLName   xml.Name       `xml:"ListVersionsResult"`
		Xmlns     string         `xml:"xmlns,attr"`
		Name      string         `xml:"Name"`
		Truncated bool           `xml:"IsTruncated"`
		Versions  []versionEntry `xml:"Version"`
		Deletions []versionEntry `xml:"DeleteMarker"`
	}{Xmlns: s3Namespace, Name: bucket}
	last := ""
	for _, o := range found {
		entry := versionEntry{Key: o.Key, Version: o.Version, Latest: o.Key != last, At: s3Time(o.At)}
		last = o.Key
		if o.Deleted {
			out.Deletions = append(out.Deletions, entry)
			continue
		}
		entry.ETag, entry.Size = o.ETag, &o.Size
		out.Versions = append(out.Versions, entry)
	}
	return out, nil
}
