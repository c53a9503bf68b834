package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An Object is one of a folder.
type Object struct {
	Location
	Modified time.Time
}

// Objects lists what is directly in a folder, which is named with or without the slash at its end.
func (s *Store) Objects(ctx context.Context, folder Location) ([]Object, error) {
	if n := len(folder.Key); n > 0 && folder.Key[n-1] != '/' {
		folder.Key += "/"
	}
	pages := s3.NewListObjectsV2Paginator(s.client,
		&s3.ListObjectsV2Input{Bucket: &folder.Bucket, Prefix: &folder.Key, Delimiter: aws.String("/")})
	var found []Object
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain(folder, "s3:ListBucket", err)
		}
		for _, o := range page.Contents {
			found = append(found, Object{
				Location{Bucket: folder.Bucket, Key: aws.ToString(o.Key)}, aws.ToTime(o.LastModified),
			})
		}
	}
	return found, nil
}
