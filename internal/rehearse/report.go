package rehearse

import "github.com/offshoot-dev/offshoot/internal/compat"

// How a lock is known.
const (
	KnownExactly = "seen"   // by the transaction itself, at the end of a command
	KnownPolled  = "polled" // when the locks were looked at
	KnownWAL     = "wal"    // by what the WAL tells those who recover from it
	KnownManual  = "manual" // as the manual says of such a statement
)

// A Report tells what migrations did to the clone.
type Report struct {
	Version    int            `json:"version"` // of this document, 1
	Server     int            `json:"server"`  // server_version_num of the clone
	Seconds    float64        `json:"seconds"`
	Exit       int            `json:"exit"`             // of the migration command
	Failed     string         `json:"failed,omitempty"` // why there was no rehearsal
	Hangs      float64        `json:"hangs,omitempty"`  // seconds after which it was ended, because it did not by itself
	Statements []*Statement   `json:"statements"`
	Sizes      []Size         `json:"sizes,omitempty"`                   // of the tables that were touched, the largest in production first
	Probes     []Probe        `json:"probes,omitempty"`                  // of tables that were locked, the longest wait first
	Queue      *Queue         `json:"behind_open_transaction,omitempty"` // nil: there is nothing to wait for
	Twice      *Twice         `json:"run_twice,omitempty"`
	Back       *Back          `json:"taken_back,omitempty"` // nil: there is no down migration
	Advice     []Advice       `json:"advice,omitempty"`
	Questions  []*Question    `json:"questions,omitempty"`    // that only production can answer
	Code       *compat.Report `json:"running_code,omitempty"` // nil: nobody knows what it sends
	Plans      *Plans         `json:"plans,omitempty"`        // of what it sends; nil: not known
	Audit      Audit          `json:"audit"`
	Unknown    []string       `json:"unknown,omitempty"` // what could not be told, and why

	sent []*step // what the migration sent, with literals
}

// A Statement is one that a migration sent.
type Statement struct {
	Number      int     `json:"number"`
	Connection  int     `json:"connection"`          // counted from 1
	Transaction int     `json:"transaction"`         // likewise; statements of one share it
	Migration   string  `json:"migration,omitempty"` // that it is of, as the tool's ledger calls it
	Verb        string  `json:"verb"`
	Shape       string  `json:"statement"` // without literals
	At          float64 `json:"at"`        // seconds after the beginning
	Seconds     float64 `json:"seconds"`
	Code        string  `json:"sqlstate,omitempty"` // of its error

	Locks     []Lock   `json:"locks,omitempty"` // of relations that were there before, the strongest first
	Rewrites  []string `json:"rewrites,omitempty"`
	Scans     []Scan   `json:"scans,omitempty"`
	Builds    []Build  `json:"builds,omitempty"`
	Changes   []Change `json:"changes,omitempty"`
	WAL       int64    `json:"wal_bytes,omitempty"`
	Temporary int64    `json:"temporary_bytes,omitempty"`

	Production *Forecast `json:"production,omitempty"`      // of the statement itself
	Held       *Forecast `json:"production_held,omitempty"` // of its locks
}

// A Lock is one that a statement took on a table, or on an index of it.
type Lock struct {
	Relation string  `json:"relation"`
	Table    string  `json:"table"`
	Mode     string  `json:"mode"`
	Held     float64 `json:"held"`             // seconds, to the end of the transaction
	Waited   float64 `json:"waited,omitempty"` // seconds until it was granted
	Reads    bool    `json:"blocks_reads"`     // SELECT has to wait
	Writes   bool    `json:"blocks_writes"`    // INSERT, UPDATE and DELETE have to
	Known    string  `json:"known"`
}

// A Scan is the whole of a table that was read to see whether a constraint holds.
type Scan struct {
	Table string `json:"table"`
	Key   string `json:"foreign_key,omitempty"` // where it was for one
}

// A Build is an index that was built.
type Build struct {
	Index   string `json:"index"`
	Table   string `json:"table"`
	Workers int    `json:"workers"` // asked for beside the process itself
}

// A Change is what a statement did to rows of a table.
type Change struct {
	Table     string `json:"table"`
	Operation string `json:"operation"`
	Rows      int64  `json:"rows"`
	WAL       int64  `json:"wal_bytes"`

	There   float64 `json:"production_rows,omitempty"`    // about so many there, by their share here,
	Counted bool    `json:"production_counted,omitempty"` // or counted there; 0 is fewer than 1000 then
}

// An Audit says whether all that the database went through is explained by the statements.
type Audit struct {
	Exclusive   int      `json:"exclusive_locks"` // AccessExclusive, on relations that were there before, by the WAL
	Files       int      `json:"new_files"`       // of such relations
	Unexplained []string `json:"unexplained,omitempty"`
	Impossible  string   `json:"impossible,omitempty"` // why it could not be made
}

// Complete tells whether nothing is unexplained.
func (a Audit) Complete() bool { return len(a.Unexplained) == 0 && a.Impossible == "" }

// strength orders the modes of table locks, and says what each of them has wait.
// https://www.postgresql.org/docs/current/explicit-locking.html
var strength = map[string]struct {
	rank          int
	reads, writes bool
}{
	"AccessShareLock":          {1, false, false},
	"RowShareLock":             {2, false, false},
	"RowExclusiveLock":         {3, false, false},
	"ShareUpdateExclusiveLock": {4, false, false},
	"ShareLock":                {5, false, true},
	"ShareRowExclusiveLock":    {6, false, true},
	"ExclusiveLock":            {7, false, true},
	"AccessExclusiveLock":      {8, true, true},
}
