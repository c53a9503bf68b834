package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// explain names the object and, where the caller can do something about the
// error, what.
func explain(at Location, right string, err error) error {
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	status, region := 0, ""
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		status, region = answer.HTTPStatusCode(), answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	named := fmt.Errorf("%s: %w", at, short(err))
	switch {
	case code == "NoSuchBucket":
		return noBucket(at)
	case code == "NoSuchKey" || code == "NotFound" || status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", at, fs.ErrNotExist)
	case status == http.StatusMovedPermanently || code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed":
		if region == "" {
			region = "the bucket's region"
		}
		return hint.Wrap(named, "set AWS_REGION to %s", region)
	case code == "AccessDenied" || status == http.StatusForbidden:
		return hint.Wrap(named, "allow %s on arn:aws:s3:::%s/%s, and s3:ListBucket to tell what is not there", right,
			at.Bucket, at.Key)
	case code == "ExpiredToken" || code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch":
		return hint.Wrap(named, "check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN, or AWS_PROFILE")
	case status == 0 && code == "":
		return hint.Wrap(named, "check AWS's credentials, AWS_REGION and the network")
	}
	return named
}

// ErrNoBucket says that there is no such bucket. It is an fs.ErrNotExist too.
var ErrNoBucket = fmt.Errorf("no such bucket: %w", fs.ErrNotExist)

func noBucket(at Location) error {
	return hint.Wrap(fmt.Errorf("%s: %w", at.Bucket, ErrNoBucket),
		"make it, or set AWS_REGION and AWS_ENDPOINT_URL to where it is")
}

// short leaves the operation and the numbers of requests away.
func short(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorMessage() != "" {
		return fmt.Errorf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	}
	return withoutLink(err)
}

// withoutLink takes an address out of an error: one that is signed lets
// whoever reads it in.
func withoutLink(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err
	}
	return err
}
