package snapshot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
)

// A Counted is what one question about the source came to.
type Counted struct {
	Rows int64
	Err  error // why there is no answer
}

// CountEach asks a source questions that are each answered with one number. Each is asked in a transaction of its own,
// which only reads, waits for a lock for a second, and is given up after so long. An error says why nothing could be
// asked at all.
func CountEach(
	ctx context.Context, url string, way *conninfo.Way, most time.Duration, questions []string,
) (_ []Counted, err error) {
	config, err := way.Parse(url)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{config: config}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	if err := s.recognize(ctx); err != nil {
		return nil, err
	}
	answers := make([]Counted, len(questions))
	for i, q := range questions {
		if answers[i].Err = context.Cause(ctx); answers[i].Err == nil { // what is answered by then, is
			answers[i].Rows, answers[i].Err = countWithin(ctx, s.Leader, most, q)
		}
	}
	return answers, nil
}

// countedSQL sets what holds in one transaction. Names are qualified in all questions; operators are the system's.
const countedSQL = `SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = 1000; SET LOCAL search_path = '';
	SET LOCAL row_security = off`

func countWithin(ctx context.Context, c *pgx.Conn, most time.Duration, question string) (rows int64, err error) {
	tx, err := c.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	limits := fmt.Sprintf(countedSQL, most.Milliseconds())
	if _, err := tx.Exec(ctx, limits, pgx.QueryExecModeSimpleProtocol); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, question, pgx.QueryExecModeSimpleProtocol).Scan(&rows)
	return rows, err
}
