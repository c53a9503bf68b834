// Package rehearse watches what migrations do to a database that nobody needs, and tells what they would do to
// production.
//
//	Prepare ──▶ clone: event triggers, settings of the log
//	Begin ──▶ the team's migrations run, in whatever tool ──▶ End
//	   │ log of the server: statements, times, its own words for the work      ┐
//	   │ event triggers: locks of each command, exactly                        ├─▶ trace ──▶ Report
//	   │ pg_locks, every few milliseconds: locks of everything else, waits     ┤       ▲
//	   │ probes: others that read and write what is locked, and take the time  ┘       │
//	   └ WAL, filenodes, rows read by scans ──▶ audit: is each of them explained? ─────┘
//
// The migrations need not know of it: what sends which statement, and in how many connections, shows in the log of the
// server. A lock is held from the statement that took it to the end of its transaction.
package rehearse

import (
	"context"
	"time"
)

// A Server is one that migrations are rehearsed on: nobody else uses it, and its log has lines that begin as Prefix
// says.
type Server interface {
	// Query runs one statement in a database as a superuser, and returns its rows as text.
	Query(ctx context.Context, database, sql string) ([][]string, error)
	// Connect opens a session of its own in a database, as a superuser.
	Connect(ctx context.Context, database string) (Session, error)
	// WAL returns what pg_waldump says of the records between two positions, with times in UTC.
	WAL(ctx context.Context, from, to string) (string, error)
}

// A Session is a connection of its own: what waits in it keeps no other question waiting.
type Session interface {
	// Query runs one statement, or several whose rows do not matter.
	Query(ctx context.Context, sql string) ([][]string, error)
	Close()
}

// Prefix is what log_line_prefix has to be: time, process, transaction, error code and database.
const Prefix = "~%n~%p~%v~%e~%d~ "

// Settings are those that a server for rehearsals is started with. What the settings of a preview's database save
// (full pages in the WAL) belongs to what is measured.
var Settings = []string{
	"log_line_prefix=" + Prefix, "log_destination=stderr", "logging_collector=off", "lc_messages=C",
	"wal_level=replica", "full_page_writes=on", "autovacuum=off", "track_activities=on", "track_counts=on",
	"max_wal_size=64GB", "wal_keep_size=16GB",
}

// pause is how long the locks are not looked at.
const pause = 10 * time.Millisecond
