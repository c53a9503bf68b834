package pgtool

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// Dump is what to take of a database: its schema, in somebody's snapshot.
type Dump struct {
	Snapshot string        // pg_export_snapshot identifier; empty: one of its own
	Encoding string        // of the archive, such as UTF8
	Exclude  []string      // quoted, schema-qualified names of tables to leave out
	Path     string        // of the custom archive to write
	Wait     time.Duration // for locks that somebody else is waiting for already; 0 means without a limit
}

// unwanted keeps out of an archive what belongs to one server and not to the
// schema: its roles and their rights, its disks, its replication.
var unwanted = []string{
	"--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions",
	"--no-security-labels",
}

// alive has the connection end when the server's computer has not answered for a
// minute; where the server is, the environment says.
const alive = "keepalives_idle=15 keepalives_interval=15 keepalives_count=3"

// Args returns the arguments after the program.
func (d Dump) Args() []string {
	args := append([]string{"--format=custom", "--schema-only", "--no-sync", "--no-password"}, unwanted...)
	args = append(args, "--encoding="+d.Encoding, "--file="+d.Path, "--dbname="+alive)
	if d.Snapshot != "" {
		args = append(args, "--snapshot="+d.Snapshot)
	}
	if d.Wait > 0 {
		args = append(args, "--lock-wait-timeout="+strconv.FormatInt(d.Wait.Milliseconds(), 10))
	}
	for _, name := range d.Exclude {
		// A pattern in double quotes is taken literally.
		args = append(args, "--exclude-table="+name)
	}
	return args
}

// Dump writes the archive. env comes from Environ.
func (t *Tools) Dump(ctx context.Context, env []string, d Dump) error {
	return t.run(ctx, "pg_dump", d.Args(), env, nil)
}

// Section is a part of an archive: types and tables, then keys and triggers.
type Section string

// The sections of a schema.
const (
	PreData  Section = "pre-data"
	PostData Section = "post-data"
)

// Restore is what to take out of an archive.
type Restore struct {
	Archive  string
	Section  Section
	Contents string // file with the entries to take, in order, from WriteList
	Jobs     int    // connections to use at once; 0 means one
}

func (r Restore) args() []string {
	args := append([]string{"--no-password", "--section=" + string(r.Section)}, unwanted...)
	if r.Contents != "" {
		args = append(args, "--use-list="+r.Contents)
	}
	return args
}

// DatabaseArgs returns the arguments that restore into a database. The
// database's name is no secret; without it pg_restore would write a script.
func (r Restore) DatabaseArgs(database string) []string {
	args := append(r.args(), "--exit-on-error", "--dbname="+named(database))
	if r.Jobs > 1 {
		args = append(args, "--jobs="+itoa(r.Jobs))
	}
	return append(args, r.Archive)
}

// ScriptArgs returns the arguments that write a psql script on stdout.
func (r Restore) ScriptArgs() []string {
	return append(r.args(), "--file=-", r.Archive)
}

// Restore runs the statements in the database that env names.
func (t *Tools) Restore(ctx context.Context, env []string, r Restore) error {
	return t.run(ctx, "pg_restore", r.DatabaseArgs(database(env)), env, nil)
}

// Script writes the statements to w.
func (t *Tools) Script(ctx context.Context, r Restore, w io.Writer) error {
	return t.run(ctx, "pg_restore", r.ScriptArgs(), base(), w)
}

func (t *Tools) run(ctx context.Context, program string, args, env []string, stdout io.Writer) error {
	command := host.Command{Args: append([]string{t.Path(program)}, args...), Env: env, Stdout: stdout}
	return explain(host.Local{}.Run(ctx, command))
}
