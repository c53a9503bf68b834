package planner

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/offshoot-dev/offshoot/internal/facts"
)

// ErrNoFacts means that an archive does not tell what its source is like.
var ErrNoFacts = errors.New("the archive has no facts of its source")

// Dress gives a database the sizes, statistics and settings of a source. It was copied from another one, in which
// ANALYZE has run, and nobody has connected to it yet. What the facts do not tell stays as ANALYZE has found it.
func Dress(ctx context.Context, s Server, database string, f *facts.Facts) (Notes, error) {
	if !f.Known() {
		return nil, ErrNoFacts
	}
	session, err := s.Connect(ctx, database, "")
	if err != nil {
		return nil, err
	}
	defer session.Close()
	d := &dresser{session: session, facts: f}
	if d.relations, err = readRelations(ctx, session); err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	rows, err := session.Query(ctx, "SELECT pg_catalog.current_setting('server_version_num')")
	if err != nil {
		return nil, err
	}
	if d.server, err = strconv.Atoi(rows[0][0]); err != nil {
		return nil, err
	}
	d.versions()
	d.size()
	if err := s.Write(ctx, d.files); err != nil {
		return nil, fmt.Errorf("make files as long as the source's: %w", err)
	}
	if err := d.put(ctx, database); err != nil {
		return nil, fmt.Errorf("put what is known of the source in place: %w", err)
	}
	return d.notes, nil
}

// put writes what pg_class, pg_statistic and the database's settings are to say.
func (d *dresser) put(ctx context.Context, database string) error {
	if err := d.putSizes(ctx); err != nil {
		return err
	}
	if err := d.putStatistics(ctx); err != nil {
		return err
	}
	return d.putSettings(ctx, database)
}

// dresser dresses one database.
type dresser struct {
	session   Session
	facts     *facts.Facts
	server    int // server_version_num
	relations []relation
	files     []File
	segments  int64 // that these are made of
	sizes     []size
	notes     Notes
}

func (d *dresser) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// versions notes that planners of other versions choose otherwise.
func (d *dresser) versions() {
	if here, there := d.server/10000, d.facts.Server/10000; here != there {
		d.note("the source is PostgreSQL %d, and this is the planner of %d, which may choose otherwise", there, here)
	}
	if d.facts.Format < 2 {
		d.note("the archive tells no values of the source's statistics: make it anew with offshoot subset")
	}
}
