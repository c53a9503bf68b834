// Package store keeps archives in buckets of S3, and of what speaks its
// language.
//
//	subset ── file ──► Upload ──► s3://bucket/key, with size and digest
//	                                    │
//	up ◄── cache, by digest ◄── Download ┤
//	a machine ◄── Fetch ◄── Presign ─────┘  a link for a while: no credentials go there
//
// An object is there as a whole or not at all: a large one is sent in parts,
// which become an object in one act, and which are taken back when that fails.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/stall"
)

// A Location is an object in a bucket.
type Location struct{ Bucket, Key string }

const scheme = "s3://"

func (l Location) String() string { return scheme + l.Bucket + "/" + l.Key }

// IsLocation tells whether a target or an archive is meant to be in a bucket.
func IsLocation(text string) bool { return strings.HasPrefix(text, scheme) }

// Parse reads s3://bucket/key.
func Parse(text string) (Location, error) {
	rest, ok := strings.CutPrefix(text, scheme)
	bucket, key, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" || key == "" || strings.HasSuffix(key, "/") {
		return Location{},
			hint.Usage(fmt.Errorf("%s is no object in a bucket", text), "write it like s3://bucket/folder/shop.sql.zst")
	}
	return Location{Bucket: bucket, Key: key}, nil
}

// Info is what is known of an object without reading it.
type Info struct {
	Bytes  int64
	SHA256 string // empty: it was not made by Upload
	etag   string
}

// digestKey is the metadata that holds the digest, in hexadecimal.
const digestKey = "offshoot-sha256"

// A Store reaches the buckets that the usual configuration of AWS leads to:
// AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION and so on.
type Store struct {
	client *s3.Client
	// partSize is how much is sent at once. S3 wants 5 MiB at least, and at most
	// 10,000 parts.
	partSize int64
	pause    time.Duration // before a download goes on; doubled each time
}

const (
	partSize = 16 << 20
	maxParts = 10_000
)

// Open reads the configuration. It asks nobody.
func Open(ctx context.Context) (*Store, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(clientOver(stall.Dialer{})))
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("configuration of AWS: %w", err), "see AWS_PROFILE and ~/.aws/config")
	}
	return open(cfg), nil
}

// clientOver is the SDK's own client over connections that end when they stand
// still. The SDK sends again what was under way then, and Download goes on.
func clientOver(d stall.Dialer) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DialContext = d.DialContext })
}

func open(cfg aws.Config) *Store {
	elsewhere := os.Getenv("AWS_ENDPOINT_URL_S3") + os.Getenv("AWS_ENDPOINT_URL") + aws.ToString(cfg.BaseEndpoint)
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // where a bucket is elsewhere, the answer says so
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if elsewhere != "" { // not every server has a name for each bucket, or knows AWS's newer checksums
			o.UsePathStyle = true
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	return &Store{client: client, partSize: partSize, pause: 500 * time.Millisecond}
}

// Stat asks for an object. One that is not there is fs.ErrNotExist.
func (s *Store) Stat(ctx context.Context, at Location) (Info, error) {
	found, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &at.Bucket, Key: &at.Key})
	if err != nil {
		return Info{}, s.whatIsMissing(ctx, at, explain(at, "s3:GetObject", err))
	}
	return Info{
		Bytes: aws.ToInt64(found.ContentLength), SHA256: found.Metadata[digestKey],
		etag: aws.ToString(found.ETag),
	}, nil
}

// whatIsMissing tells a bucket that is not there from an object that is not:
// the answer to HEAD has no room for it.
func (s *Store) whatIsMissing(ctx context.Context, at Location, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var missing *types.NotFound
	if _, asked := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &at.Bucket}); errors.As(asked, &missing) {
		return noBucket(at)
	}
	return err
}

// Presign makes a link by which anybody can read the object for a while.
func (s *Store) Presign(ctx context.Context, at Location, lasts time.Duration) (string, error) {
	signed, err := s3.NewPresignClient(s.client).PresignGetObject(ctx,
		&s3.GetObjectInput{Bucket: &at.Bucket, Key: &at.Key}, s3.WithPresignExpires(lasts))
	if err != nil {
		return "", explain(at, "s3:GetObject", err)
	}
	return signed.URL, nil
}

// Fetch reads a link of Presign into a file, and checks that it is what Stat
// said.
func Fetch(ctx context.Context, link, path string, want Info) error {
	return fetch(ctx, stall.Dialer{}, link, path, want)
}

func fetch(ctx context.Context, dialer stall.Dialer, link, path string, want Info) error {
	client := &http.Client{Transport: dialer.Transport()}
	defer client.CloseIdleConnections()
	read := func(ctx context.Context, from int64) (io.ReadCloser, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
		if err != nil {
			return nil, errors.New("the link to the archive is no address") // which is a secret
		}
		if from > 0 {
			request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, withoutLink(err)
		}
		if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent {
			_ = response.Body.Close()
			return nil, fmt.Errorf("the archive's server answers %s", response.Status)
		}
		if from > 0 && response.StatusCode == http.StatusOK { // the range was not heard: pass over what is there
			if _, err := io.CopyN(io.Discard, response.Body, from); err != nil {
				return nil, errors.Join(withoutLink(err), response.Body.Close())
			}
		}
		return response.Body, nil
	}
	return receive(ctx, path, want, 500*time.Millisecond, read)
}
