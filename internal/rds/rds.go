// Package rds signs in to databases of Amazon RDS and Aurora by rights at AWS: the
// password of each connection is a token that is good for fifteen minutes.
//
//	SignIn.Password ──▶ credentials, as AWS's own tools find them ──▶ token, signed here
package rds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// patience bounds the search for credentials, of which some are asked for.
const patience = 30 * time.Second

// SignIn makes passwords. AWS is not asked for them, only for credentials where these
// are a role's.
type SignIn struct {
	Region string         // of the database; empty: as its name says, or AWS's own configuration
	Seen   func(s string) // is told of each password, which is a secret; may be nil

	mutex  sync.Mutex // guards what follows
	loaded *aws.Config
}

// Password makes one for a connection that begins now. It is of the name by which
// RDS knows the server, which has to be the host of the connection string.
func (s *SignIn) Password(ctx context.Context, to conninfo.Server, user string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("AWS does not answer"))
	defer cancel()
	known, err := s.configuration(ctx)
	if err != nil {
		return "", explain(err)
	}
	region := cmp.Or(s.Region, regionOf(to.Host), known.Region)
	if region == "" {
		return "", hint.Usage(errors.New("sign in to RDS: no region is known"),
			"write source.region, or set AWS_REGION")
	}
	at := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	token, err := auth.BuildAuthToken(ctx, at, region, user, known.Credentials)
	if err != nil {
		return "", explain(err)
	}
	if s.Seen != nil {
		s.Seen(token)
	}
	return token, nil
}

func (s *SignIn) configuration(ctx context.Context) (*aws.Config, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.loaded == nil {
		loaded, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		s.loaded = &loaded // with a cache of credentials that are a role's
	}
	return s.loaded, nil
}

func explain(err error) error {
	return hint.Wrap(fmt.Errorf("sign in to RDS: %w", err),
		"give the job a role or keys at AWS that may rds-db:connect, as for AWS's own tools")
}

// regionOf reads the region in a name such as shop.abcdef.eu-west-1.rds.amazonaws.com.
func regionOf(host string) string {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	for i, part := range parts {
		if part == "rds" && i > 1 && i+1 < len(parts) && strings.HasPrefix(parts[i+1], "amazonaws") {
			return parts[i-1]
		}
	}
	return ""
}
