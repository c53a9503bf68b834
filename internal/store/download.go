package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/cenkalti/backoff/v5"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/whole"
)

// Download reads an object into a file, which is there as a whole or not at
// all. Want is what Stat said.
func (s *Store) Download(ctx context.Context, from Location, path string, want Info) error {
	read := func(ctx context.Context, at int64) (io.ReadCloser, error) {
		input := &s3.GetObjectInput{Bucket: &from.Bucket, Key: &from.Key}
		if want.etag != "" {
			input.IfMatch = &want.etag // not half of one archive and half of the next
		}
		if at > 0 {
			text := fmt.Sprintf("bytes=%d-", at)
			input.Range = &text
		}
		found, err := s.client.GetObject(ctx, input)
		if err != nil {
			return nil, explain(from, "s3:GetObject", err)
		}
		return found.Body, nil
	}
	if err := receive(ctx, path, want, s.pause, read); err != nil {
		return fmt.Errorf("download %s: %w", from, err)
	}
	return nil
}

// maxTries is how often a download that is cut off goes on where it was.
const maxTries = 5

// receive writes what is read to the file at path, which gets its name when
// the content has been checked.
func receive(ctx context.Context, path string, want Info, wait time.Duration,
	read func(ctx context.Context, from int64) (io.ReadCloser, error),
) error {
	return whole.Write(path, 0o600, func(w io.Writer) error {
		digest := sha256.New()
		if err := receiveAll(ctx, io.MultiWriter(w, digest), want.Bytes, wait, read); err != nil {
			return err
		}
		return check(digest, want)
	})
}

func receiveAll(ctx context.Context, to io.Writer, size int64, wait time.Duration,
	read func(ctx context.Context, from int64) (io.ReadCloser, error),
) error {
	done, pauses := int64(0), &backoff.ExponentialBackOff{
		InitialInterval: wait, Multiplier: 2, MaxInterval: time.Minute, RandomizationFactor: 0.25,
	}
	for try := 1; ; try++ {
		body, err := read(ctx, done)
		if err != nil {
			return err // asked again already, where that could help
		}
		n, err := io.Copy(to, body)
		_ = body.Close()
		done += n
		if err == nil && done == size {
			return nil
		}
		if err == nil && done > size {
			return fmt.Errorf("it has more than the %d bytes that it should", size)
		}
		if try == maxTries || ctx.Err() != nil {
			cut := cmp.Or(withoutLink(err), io.ErrUnexpectedEOF)
			return errors.Join(context.Cause(ctx),
				fmt.Errorf("cut off after %d of %d bytes, %d times: %w", done, size, try, cut))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pauses.NextBackOff()):
		}
	}
}

func check(digest hash.Hash, want Info) error {
	got := hex.EncodeToString(digest.Sum(nil))
	if want.SHA256 == "" || got == want.SHA256 {
		return nil
	}
	return hint.Wrap(fmt.Errorf("its digest is %.12s…, not %.12s… as when it was uploaded", got, want.SHA256),
		"make it anew")
}
