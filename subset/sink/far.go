package sink

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/internal/relay"
	"github.com/offshoot-dev/offshoot/subset"
)

// farAway is the round trip from which on pg_dump is helped to wait less: a
// hundred of them are half a second, and a server that is near but busy is
// quicker.
const farAway = 5 * time.Millisecond

// runDump runs pg_dump: where the source is far away, by a relay that asks ahead
// what it will ask. Whatever keeps that from working, pg_dump itself can say
// better, so it is run by itself then.
func (s *schema) runDump(ctx context.Context, from subset.Origin, env []string, d pgtool.Dump) error {
	if from.RoundTrip >= farAway && s.dumpFar(ctx, from, env, d) == nil {
		return nil
	}
	return s.tools.Dump(ctx, env, d)
}

func (s *schema) dumpFar(ctx context.Context, from subset.Origin, env []string, d pgtool.Dump) error {
	var server *pgconn.HijackedConn
	var learned []string
	g, together := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		server, err = dialFar(together, from)
		return err
	})
	g.Go(func() (err error) {
		learned, err = s.learn(together, from, env, d)
		return err
	})
	if err := g.Wait(); err != nil {
		if server != nil {
			_ = server.Conn.Close()
		}
		return err
	}
	r, err := relay.Start(ctx, server, learned)
	if err != nil {
		return err
	}
	err = s.tools.Dump(ctx, r.Environ(env), d)
	if closing := r.Close(); err == nil {
		err = closing
	}
	return err
}

// dialFar opens the connection for pg_dump, which asks for its encoding and name
// in vain: both are set already.
func dialFar(ctx context.Context, from subset.Origin) (*pgconn.HijackedConn, error) {
	config, err := from.Way.ParseAt(from.URL, from.Server)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["client_encoding"] = encoding(from.Catalog)
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "offshoot" // as Environ does
	}
	return relay.Dial(ctx, &config.Config)
}

// learn has pg_dump say what it asks.
func (s *schema) learn(ctx context.Context, from subset.Origin, env []string, d pgtool.Dump) ([]string, error) {
	d.Path = os.DevNull
	version := fmt.Sprintf("%d.%d", from.Catalog.Version/10000, from.Catalog.Version%10000)
	return relay.Learn(ctx, version, func(r *relay.Relay) {
		_ = s.tools.Dump(ctx, r.Environ(env), d) // which fails, when it wants to know more than nothing
	})
}
