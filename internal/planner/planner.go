// Package planner has a throw-away server choose plans as the source of an archive would: with the sizes of its tables,
// its statistics and its settings, although the rows are few.
//
//	database with the rows of an archive ── copied, and read by nobody yet ──▶ Dress ──▶ Explain ──▶ plan
//	                                              Facts of the archive ────────┘
//
// The planner asks files how long they are. So these are made as long as the source's, with nothing in them: they take
// no room on disk. A dressed database can answer EXPLAIN, and nothing else.
package planner

import "context"

// A Server is one whose databases nobody else uses.
type Server interface {
	// Connect opens a session in a database, by the name of a role; the empty one is a superuser.
	Connect(ctx context.Context, database, role string) (Session, error)
	// Write puts files in place of those of a relation that no session has read yet.
	Write(ctx context.Context, files []File) error
}

// A Session is one connection.
type Session interface {
	// Query runs one statement, and refuses several. It returns rows as text; NULL is empty.
	Query(ctx context.Context, sql string) ([][]string, error)
	Close()
}

// PageSize is that of the server, in bytes.
const PageSize = 8192

// SegmentPages is how many pages one file of a relation holds: what is longer goes on in others, .1, .2 and so on.
// https://www.postgresql.org/docs/current/storage-file-layout.html
const SegmentPages = 1 << 30 / PageSize

// File is what the main fork of a relation is to be.
type File struct {
	Path  string // below the data directory
	Pages int64
	Begin []byte // the first pages; those that follow are empty
	Keep  bool   // the first pages are those that are there
}

// Notes tell in what a dressed database is not like the source.
type Notes []string
