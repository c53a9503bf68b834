package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// mostSmall is the size of the largest object that is read into memory.
const mostSmall = 1 << 20

// A Tag tells one content of an object from another one.
type Tag string

// What has to be there for a Write to take place: an object with that tag, or
// one of these.
const (
	Anything Tag = ""
	Nothing  Tag = "*"
)

// ErrChanged says that something else is there than the writer has seen.
var ErrChanged = errors.New("it was changed by another run")

// Read reads a small object. One that is not there is fs.ErrNotExist.
func (s *Store) Read(ctx context.Context, at Location) ([]byte, Tag, error) {
	found, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.Bucket, Key: &at.Key})
	if err != nil {
		return nil, "", explain(at, "s3:GetObject", err)
	}
	defer found.Body.Close()
	content, err := io.ReadAll(io.LimitReader(found.Body, mostSmall+1))
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", at, err)
	}
	if len(content) > mostSmall {
		return nil, "", fmt.Errorf("%s is larger than %d KiB", at, mostSmall>>10)
	}
	return content, Tag(aws.ToString(found.ETag)), nil
}

// Write puts a small object where the seen one is, and is ErrChanged where
// there is another. A server that knows no conditions takes it in any case.
func (s *Store) Write(ctx context.Context, at Location, content []byte, seen Tag) error {
	input := &s3.PutObjectInput{
		Bucket: &at.Bucket, Key: &at.Key, Body: bytes.NewReader(content),
		ContentLength: aws.Int64(int64(len(content))),
	}
	switch seen {
	case Anything:
	case Nothing:
		input.IfNoneMatch = aws.String(string(Nothing))
	default:
		input.IfMatch = aws.String(string(seen))
	}
	_, err := s.client.PutObject(ctx, input)
	var answer *smithyhttp.ResponseError
	if err != nil && seen != Anything && errors.As(err, &answer) {
		switch answer.HTTPStatusCode() {
		case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
			return fmt.Errorf("%s: %w", at, ErrChanged)
		case http.StatusNotImplemented:
			return s.Write(ctx, at, content, Anything)
		}
	}
	if err != nil {
		return explain(at, "s3:PutObject", err)
	}
	return nil
}

// Remove removes an object. One that is not there is no error.
func (s *Store) Remove(ctx context.Context, at Location) error {
	if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &at.Bucket, Key: &at.Key}); err != nil {
		return explain(at, "s3:DeleteObject", err)
	}
	return nil
}
