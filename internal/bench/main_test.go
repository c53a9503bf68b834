package bench_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// variables of testdata/bench/shop.sql.
type variables struct {
	scale, cross float64
	tenants      int // 0: as many as fit the scale
}

// fill makes a shop in an empty database.
func fill(ctx context.Context, url string, v variables) error {
	args := []string{
		"-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "../../testdata/bench/shop.sql",
		"-v", fmt.Sprintf("scale=%g", v.scale), "-v", fmt.Sprintf("cross=%g", v.cross),
	}
	if v.tenants > 0 {
		args = append(args, "-v", fmt.Sprintf("tenants=%d", v.tenants))
	}
	psql, err := tool(ctx, url, "psql", args...)
	if err != nil {
		return err
	}
	if out, err := psql.CombinedOutput(); err != nil {
		return fmt.Errorf("psql: %w: %s", err, out)
	}
	return nil
}

// tool is a program of PostgreSQL that finds the database by its environment.
func tool(ctx context.Context, url, name string, args ...string) (*exec.Cmd, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(),
		"PGHOST="+config.Host, fmt.Sprintf("PGPORT=%d", config.Port), "PGDATABASE="+config.Database,
		"PGUSER="+config.User, "PGPASSWORD="+config.Password)
	return cmd, nil
}
