// Package sink holds the places a subset can go to.
//
//	Begin:  source schema ──▶ archive ──▶ pre-data ─┐    database (connections in parallel)
//	Rows:   COPY text ─────────────────────────────┼──▶ script (one psql file)
//	Finish: sequences, post-data, refresh, ANALYZE ─┘    archive (a file or folder for pg_restore)
//
// The source is asked for its schema only, by pg_dump in the snapshot of the
// rows. Everything that pg_dump would tie to one server, such as roles and
// their rights, is left out, and so are passwords of user mappings.
package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgarchive"
	"github.com/offshoot-dev/offshoot/subset"
)

// Sink is a subset.Sink that can say what it had to leave out.
type Sink interface {
	subset.Sink

	// Warnings lists, once the run is over, what the target lacks although
	// the source has it, and why. A line names objects, never rows.
	Warnings() []string

	// MayRaise lists the warnings that what was written raises when it is loaded, should it come to that.
	MayRaise() map[string]bool
}

// Options are what one can ask of a sink. The zero value refuses a target
// that holds anything and loads with four connections.
type Options struct {
	Replace     bool      // empty the target database first, or overwrite the file
	Connections int       // to a target database at once; 0 means four
	Stdout      io.Writer // where "-" goes; nil means os.Stdout
	Compress    string    // gzip or zstd, of an archive; "" means gzip, which every pg_restore knows
	Created     time.Time // the date in an archive; zero means 2000-01-01, so that the same subset gives the same bytes
}

// CheckCompress refuses what is not known, or not for that target.
func CheckCompress(compress, to string) error {
	switch {
	case compress == "":
		return nil
	case compress != "gzip" && compress != "zstd":
		return hint.Usage(fmt.Errorf("compress %s: unknown", compress), "give gzip or zstd")
	case IsDatabase(to) || !strings.HasSuffix(to, ".dump") && !isFolder(to):
		return hint.Usage(errors.New("only archives are told how to compress"),
			"write to a .dump or a folder/; the name of a script says it: .sql.gz or .sql.zst")
	}
	return nil
}

func (o Options) compression() pgarchive.Compression {
	if o.Compress == "zstd" {
		return pgarchive.Zstd
	}
	return pgarchive.Gzip
}

// Open picks the sink that a name means: a database URL or keyword string; a
// path that ends in .sql, .sql.gz or .sql.zst; "-" for a script on stdout; a
// path that ends in .dump, or a folder's, for an archive. It touches nothing
// yet, but refuses a name no sink could write.
func Open(to string, o Options) (Sink, error) {
	switch {
	case to == "":
		return nil, hint.Usage(errors.New("no target"), formats)
	case to == "-":
		return NewScript(to, o)
	case isConnection(to):
		return NewDatabase(to, o)
	case strings.Contains(to, "://"):
		scheme, _, _ := strings.Cut(to, "://")
		return nil, hint.Usage(fmt.Errorf("target %s://: unknown kind of URL", scheme), formats)
	case strings.HasSuffix(to, ".sql"), strings.HasSuffix(to, ".sql.gz"), strings.HasSuffix(to, ".sql.zst"):
		return NewScript(to, o)
	case strings.HasSuffix(to, ".dump"):
		return NewCustom(to, o)
	case isFolder(to):
		return NewDirectory(to, o)
	}
	return nil, hint.Usage(fmt.Errorf("target %s: the name does not say which format to write", to), formats)
}

const formats = "give a database URL, a path that ends in .sql, .sql.gz, .sql.zst or .dump, a folder/, or - for stdout"

// isFolder tells a path that is a folder's, or is said to be.
func isFolder(to string) bool {
	info, err := os.Stat(to)
	return err == nil && info.IsDir() || strings.HasSuffix(to, "/")
}

// IsDatabase reports whether Open takes the target for a database, not a path.
func IsDatabase(to string) bool { return isConnection(to) }

// isConnection tells a connection string from a path.
func isConnection(to string) bool {
	if strings.HasPrefix(to, "postgres://") || strings.HasPrefix(to, "postgresql://") {
		return true
	}
	for word := range strings.FieldsSeq(to) {
		if strings.HasPrefix(word, "dbname=") || strings.HasPrefix(word, "host=") ||
			strings.HasPrefix(word, "service=") {
			return true
		}
	}
	return false
}
