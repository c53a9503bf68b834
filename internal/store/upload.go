package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Upload puts a file into a bucket, in place of what is there. Progress is told
// how many bytes have arrived; it may be nil.
func (s *Store) Upload(ctx context.Context, path string, to Location, progress func(done, total int64)) (Info, error) {
	file, err := os.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("upload: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	size, err := io.Copy(digest, file)
	if err != nil {
		return Info{}, fmt.Errorf("upload: %w", err)
	}
	u := &upload{
		Store: s, file: file, to: to, progress: progress,
		info: Info{Bytes: size, SHA256: hex.EncodeToString(digest.Sum(nil))},
	}
	if size <= s.partSize {
		err = u.whole(ctx)
	} else {
		err = u.inParts(ctx)
	}
	if err != nil {
		return Info{}, fmt.Errorf("upload: %w", err)
	}
	return u.info, nil
}

// upload is one file on its way.
type upload struct {
	*Store
	file     *os.File
	to       Location
	info     Info
	progress func(done, total int64)
	id       string // of an upload in parts
}

func (u *upload) metadata() map[string]string { return map[string]string{digestKey: u.info.SHA256} }

func (u *upload) tell(done int64) {
	if u.progress != nil {
		u.progress(done, u.info.Bytes)
	}
}

func (u *upload) whole(ctx context.Context) error {
	_, err := u.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.to.Bucket, Key: &u.to.Key, Metadata: u.metadata(), ContentLength: &u.info.Bytes,
		Body: io.NewSectionReader(u.file, 0, u.info.Bytes),
	})
	if err != nil {
		return explain(u.to, "s3:PutObject", err)
	}
	u.tell(u.info.Bytes)
	return nil
}

// inParts sends a file piece by piece. Pieces that failed are sent again by
// the SDK; when that does not help, or the run is interrupted, those that
// arrived are taken back, since they cost money and nobody sees them.
func (u *upload) inParts(ctx context.Context) error {
	u.forgetOld(ctx)
	begun, err := u.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.to.Bucket, Key: &u.to.Key, Metadata: u.metadata(),
	})
	if err != nil {
		return explain(u.to, "s3:PutObject", err)
	}
	u.id = aws.ToString(begun.UploadId)
	parts, err := u.sendParts(ctx)
	if err == nil {
		err = u.complete(ctx, parts)
	}
	if err != nil {
		return errors.Join(err, u.abort(ctx, u.id))
	}
	return nil
}

func (u *upload) sendParts(ctx context.Context) ([]types.CompletedPart, error) {
	size := max(u.partSize, (u.info.Bytes+maxParts-1)/maxParts)
	var parts []types.CompletedPart
	for from := int64(0); from < u.info.Bytes; from += size {
		number, length := int32(len(parts)+1), min(size, u.info.Bytes-from)
		sent, err := u.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &u.to.Bucket, Key: &u.to.Key, UploadId: &u.id, PartNumber: &number, ContentLength: &length,
			Body: io.NewSectionReader(u.file, from, length),
		})
		if err != nil {
			return nil, explain(u.to, "s3:PutObject", err)
		}
		parts = append(parts, types.CompletedPart{
			PartNumber: &number, ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32,
			ChecksumCRC64NVME: sent.ChecksumCRC64NVME,
		})
		u.tell(from + length)
	}
	return parts, nil
}

// complete makes an object of the parts. Where the answer gets lost and the
// SDK asks again, there are no parts any more: then the object tells.
func (u *upload) complete(ctx context.Context, parts []types.CompletedPart) error {
	_, err := u.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.to.Bucket, Key: &u.to.Key, UploadId: &u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err == nil {
		return nil
	}
	if noSuchUpload(err) {
		found, statErr := u.Stat(ctx, u.to)
		if statErr == nil && found.SHA256 == u.info.SHA256 && found.Bytes == u.info.Bytes {
			return nil
		}
	}
	return explain(u.to, "s3:PutObject", err)
}

// noSuchUpload goes by the code: the SDK has a type for it with some calls only.
func noSuchUpload(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload"
}

// abortTime bounds taking parts back, which goes on after an interruption.
const abortTime = 30 * time.Second

func (u *upload) abort(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_, err := u.client.AbortMultipartUpload(ctx,
		&s3.AbortMultipartUploadInput{Bucket: &u.to.Bucket, Key: &u.to.Key, UploadId: &id})
	if err != nil && !noSuchUpload(err) {
		return fmt.Errorf("take back its parts: %w", explain(u.to, "s3:AbortMultipartUpload", err))
	}
	return nil
}

// leftAfter is how old parts of the same object have to be for nobody to be
// sending them any more.
const leftAfter = 24 * time.Hour

// forgetOld takes back parts that a run left which was killed. Whoever may not
// list them can still upload.
func (u *upload) forgetOld(ctx context.Context) {
	pages := s3.NewListMultipartUploadsPaginator(u.client,
		&s3.ListMultipartUploadsInput{Bucket: &u.to.Bucket, Prefix: &u.to.Key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return
		}
		for _, left := range page.Uploads {
			if aws.ToString(left.Key) == u.to.Key && time.Since(aws.ToTime(left.Initiated)) > leftAfter {
				_ = u.abort(ctx, aws.ToString(left.UploadId))
			}
		}
	}
}
