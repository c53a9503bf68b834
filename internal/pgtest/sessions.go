package pgtest

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// A session costs the server a process, which takes longer than most of what
// tests ask. Those that were used are kept, as good as new, for whoever asks
// the same database as the same role next.

// pool is the sessions that nobody uses, by URL.
type pool struct {
	sync.Mutex
	idle map[string][]*pgconn.PgConn
}

var sessions = pool{idle: map[string][]*pgconn.PgConn{}}

// particular is what minds other sessions, or what they did: one reports its
// statistics when it ends, databases are not copied below it, and a new one
// alone obeys new settings.
var particular = regexp.MustCompile(`(?i)\b(pg_(stat\w*|terminate_backend|backend_pid|locks|reload_conf)|DATABASE|ROLE|SYSTEM)\b`)

// query runs statements in a session that nobody else uses.
func (p *pool) query(ctx context.Context, url, sql string) ([]*pgconn.Result, error) {
	if !particular.MatchString(sql) {
		return p.queryAgain(ctx, url, sql)
	}
	p.close(ctx, func(string) bool { return true })
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.Exec(ctx, sql).ReadAll()
}

// queryAgain does so in one that was used before, if there is one, and keeps
// it for the next.
func (p *pool) queryAgain(ctx context.Context, url, sql string) ([]*pgconn.Result, error) {
	conn := p.take(ctx, url)
	if conn == nil {
		var err error
		if conn, err = pgconn.Connect(ctx, url); err != nil {
			return nil, err
		}
	}
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil || !reset(ctx, conn) {
		_ = conn.Close(ctx)
		return results, err
	}
	p.Lock()
	defer p.Unlock()
	p.idle[url] = append(p.idle[url], conn)
	return results, nil
}

// take returns a session that answers, if there is one.
func (p *pool) take(ctx context.Context, url string) *pgconn.PgConn {
	for {
		conn := p.pop(url)
		if conn == nil || conn.Ping(ctx) == nil {
			return conn
		}
		_ = conn.Close(ctx)
	}
}

func (p *pool) pop(url string) *pgconn.PgConn {
	p.Lock()
	defer p.Unlock()
	last := len(p.idle[url]) - 1
	if last < 0 {
		return nil
	}
	conn := p.idle[url][last]
	p.idle[url] = p.idle[url][:last]
	return conn
}

// reset makes a session as good as new, unless something is still open in it.
func reset(ctx context.Context, conn *pgconn.PgConn) bool {
	return conn.TxStatus() == 'I' && conn.Exec(ctx, "DISCARD ALL").Close() == nil
}

// close closes the sessions of some URLs that nobody uses.
func (p *pool) close(ctx context.Context, which func(url string) bool) {
	p.Lock()
	defer p.Unlock()
	for url, idle := range p.idle {
		if !which(url) {
			continue
		}
		for _, conn := range idle {
			_ = conn.Close(ctx)
		}
		delete(p.idle, url)
	}
}

func of(database string) func(string) bool {
	return func(url string) bool { return databaseOf(url) == database }
}

// databaseOf is the name of the database of a URL, or nothing.
func databaseOf(connection string) string {
	u, err := url.Parse(connection)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}
