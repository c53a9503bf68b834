package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/conninfo"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// database loads a subset into a database over several connections.
type database struct {
	options Options
	config  *pgconn.Config
	env     []string

	target   target
	control  *pgconn.PgConn // holds the lock and does what is not done in parallel
	pool     pool
	schema   *schema
	source   *catalog.Database
	excluded []catalog.Name   // not in the target
	copied   map[uint32]int64 // bytes, by OID of the table
	mu       sync.Mutex       // for copied and warnings
	begun    bool             // something of ours is in the target

	statements *statements // nil where pg_restore has to do it
	warnings   []string
}

// NewDatabase returns a sink that loads the database that a connection string
// names. It connects in Begin.
func NewDatabase(connection string, o Options) (Sink, error) {
	config, err := conninfo.Parse(connection)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	env, err := pgtool.Environ(connection)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	if o.Connections < 1 {
		o.Connections = 4
	}
	return &database{options: o, config: &config.Config, env: env}, nil
}

func (d *database) Concurrency() int { return d.options.Connections }

func (d *database) Warnings() []string {
	if d.schema == nil {
		return d.warnings
	}
	return slices.Concat(d.schema.warnings, d.warnings)
}

// MayRaise lists those that are among the Warnings where they were raised.
func (d *database) MayRaise() map[string]bool { return d.schema.mayRaise() }

// Begin decides first, in full, whether the target may be written and can
// hold the schema; only then it changes anything.
func (d *database) Begin(ctx context.Context, from subset.Origin) error {
	if err := d.open(ctx, from); err != nil {
		return err
	}
	if err := d.vet(ctx, from); err != nil {
		return err
	}
	var err error
	if d.schema, err = dumpSchema(ctx, from); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	if d.statements, err = readStatements(d.schema.archive); err != nil {
		return fmt.Errorf("read schema: %w", err)
	}
	d.source, d.excluded, d.copied = from.Catalog, from.Excluded, map[uint32]int64{}
	if err := d.needExtensions(ctx); err != nil {
		return err
	}
	d.begun = true
	d.target.mark(ctx, d.control)
	if d.options.Replace {
		if err := empty(ctx, d.control, nil); err != nil {
			return serverError("empty target", err)
		}
	}
	if _, err := query(ctx, d.control, catalog.SearchPathSQL(from.Catalog.LoadPath())); err != nil {
		return serverError("prepare connection", err)
	}
	return d.inOrder(ctx, pgtool.PreData, d.schema.entries)
}

// open connects and locks the target against other runs.
func (d *database) open(ctx context.Context, from subset.Origin) error {
	d.config.RuntimeParams["application_name"] = "offshoot"
	d.config.RuntimeParams["client_encoding"] = encoding(from.Catalog)
	d.config.OnNotice = d.notice
	var err error
	if err = recognize(ctx, d.config); err != nil {
		return err
	}
	if d.control, err = connect(ctx, d.config, nil); err != nil {
		return err
	}
	if encoding(from.Catalog) == "SQL_ASCII" {
		// COPY does not check text of that encoding, whatever the encoding of
		// the database: say that it is in the database's, so that it does.
		d.config.RuntimeParams["client_encoding"] = d.control.ParameterStatus("server_encoding")
	}
	d.pool = newPool(d.config, from.Catalog.LoadPath(), d.options.Connections)
	locked, err := column(ctx, d.control, "SELECT pg_catalog.pg_try_advisory_lock(1869506415, 1)")
	if err != nil {
		return serverError("lock target", err)
	}
	if locked[0] != "t" {
		return ErrTargetBusy
	}
	d.target, err = readTarget(ctx, d.control)
	if d.target.ReadOnly {
		// Not always: poolers refuse options.
		d.env = pgtool.WithOption(d.env, "default_transaction_read_only", "off")
	}
	return err
}

// vet refuses a target that must not be written.
func (d *database) vet(ctx context.Context, from subset.Origin) error {
	source := from.Catalog
	switch {
	case d.same(from):
		return fmt.Errorf("database %s: %w", d.target.Name, subset.ErrTargetIsSource)
	case d.target.InRecovery:
		return fmt.Errorf("database %s: the target is a standby, which cannot be written", d.target.Name)
	case d.target.Version/10000 < source.Version/10000:
		err := fmt.Errorf("the target is PostgreSQL %d, older than the source, %d", d.target.Version/10000,
			source.Version/10000)
		return hint.Wrap(err, "give a database on a server of version %d or newer", source.Version/10000)
	case d.options.Replace:
		return nil
	}
	found, err := contents(ctx, d.control)
	if err != nil {
		return serverError("look into target", err)
	}
	if len(found) == 0 {
		return nil
	}
	err = fmt.Errorf("database %s: %w: it holds %s", d.target.Name, subset.ErrTargetNotEmpty, some(found))
	if strings.HasPrefix(d.target.Comment, incomplete) {
		return fmt.Errorf("%w, left incomplete by an interrupted run", err)
	}
	return err
}

// same tells whether source and target are one database, also when one is a
// standby of the other: those share the system identifier. Where the role may
// not read that, the address has to do, which means little beyond a bastion: there
// its own sockets and loopback are others.
func (d *database) same(from subset.Origin) bool {
	if d.target.Name != from.Catalog.Name {
		return false
	}
	if d.target.SystemID != "" && from.Catalog.SystemID != "" {
		return d.target.SystemID == from.Catalog.SystemID
	}
	source, err := conninfo.Parse(from.URL)
	if err != nil || !from.Way.Direct() && home(source.Host) {
		return false
	}
	return source.Host == d.config.Host && source.Port == d.config.Port
}

// home tells whether a host is the computer itself.
func home(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

func some(found []object) string {
	const most = 3
	var names []string
	for i, o := range found {
		if i == most {
			return fmt.Sprintf("%s and %d more objects", strings.Join(names, ", "), len(found)-most)
		}
		names = append(names, o.Type+" "+o.Identity)
	}
	return strings.Join(names, ", ")
}

func (d *database) needExtensions(ctx context.Context) error {
	available, err := column(ctx, d.control, "SELECT name FROM pg_catalog.pg_available_extensions")
	if err != nil {
		return serverError("list extensions of target", err)
	}
	var missing []string
	for _, name := range d.schema.extensions() {
		if x, ok := d.source.Extension(name); ok && !x.Needed && !d.source.HasExtras(name) {
			continue // its statement is guarded
		}
		if !slices.Contains(available, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return hint.Wrap(fmt.Errorf("the target's server lacks the extensions %s", strings.Join(missing, ", ")),
		"install them on the target's server, or use an image that has them")
}

// restore runs entries of a section with pg_restore.
func (d *database) restore(ctx context.Context, section pgtool.Section, entries []pgtool.Entry, jobs int) error {
	if len(entries) == 0 {
		return nil
	}
	r, err := d.schema.take(section, entries)
	if err != nil {
		return err
	}
	r.Jobs = jobs
	err = d.schema.tools.Restore(ctx, d.env, r)
	if errors.Is(err, pgtool.ErrDiskFull) {
		return hint.Wrap(fmt.Errorf("%s: the target's disk is full: %w", section, pgtool.ErrDiskFull), diskHint)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", section, err)
	}
	return nil
}

// Rows copies one heap over a connection of its own.
func (d *database) Rows(ctx context.Context, heap *catalog.Heap, columns []string, r io.Reader) (int64, error) {
	conn, err := d.pool.take(ctx)
	if err != nil {
		return 0, err
	}
	counted := &counter{r: r}
	_, err = conn.CopyFrom(ctx, counted, copySQL(heap, columns))
	d.pool.giveBack(ctx, conn, err)
	d.mu.Lock()
	d.copied[heap.Table.OID] += counted.n
	d.mu.Unlock()
	switch {
	case counted.err != nil: // the source broke: the target only says that we gave up
		return counted.n, counted.err
	case ctx.Err() != nil:
		return counted.n, context.Cause(ctx)
	}
	return counted.n, serverError("copy "+heap.Name.String(), err)
}

// Finish leaves the constraints to PostgreSQL, which validates them.
func (d *database) Finish(ctx context.Context, end subset.Ending) error {
	for _, step := range []func(context.Context,
		subset.Ending) error{d.sequences, d.postData, d.refresh, d.analyze, d.eventTriggers} {
		if err := step(ctx, end); err != nil {
			return err
		}
	}
	d.target.unmark(ctx, d.control)
	return nil
}

func (d *database) sequences(ctx context.Context, end subset.Ending) error {
	var b strings.Builder
	for _, s := range end.Sequences {
		b.WriteString(setvalSQL(s))
	}
	_, err := query(ctx, d.control, b.String())
	return serverError("set sequences", err)
}

func (d *database) postData(ctx context.Context, end subset.Ending) error {
	p := d.schema.split(end.Dangling)
	d.schema.unvalidatable(&p, end.Dangling, d.target.Version)
	roles, err := column(ctx, d.control, "SELECT rolname FROM pg_catalog.pg_roles")
	if err != nil {
		return serverError("list roles of target", err)
	}
	exists := map[string]bool{}
	for _, role := range roles {
		exists[role] = true
	}
	d.schema.withRoles(&p, exists)
	if err := d.together(ctx, p.indexes, d.options.Connections); err != nil {
		return err
	}
	// Attaching an index and most of the rest lock several tables; pg_restore
	// deadlocks on foreign keys of partitions.
	if err := d.inOrder(ctx, pgtool.PostData, slices.Concat(p.objects, p.roled)); err != nil {
		return err
	}
	if err := d.together(ctx, p.foreignKeys, 1); err != nil {
		return err
	}
	for _, e := range p.unvalidated {
		if err := d.addUnvalidated(ctx, e); err != nil {
			return err
		}
	}
	return d.inOrder(ctx, pgtool.PostData, p.comments)
}

func (d *database) addUnvalidated(ctx context.Context, e pgtool.Entry) error {
	statement, err := d.schema.statement(ctx, e)
	if err != nil {
		return err
	}
	_, err = query(ctx, d.control, statement+" NOT VALID")
	return serverError("add foreign key NOT VALID", err)
}

func (d *database) analyze(ctx context.Context, end subset.Ending) error {
	var tasks []task
	collect := func(name catalog.Name, tables ...uint32) {
		tasks = append(tasks, task{tables: tables, do: func(ctx context.Context, conn *pgconn.PgConn) error {
			_, err := query(ctx, conn, "ANALYZE "+name.String())
			return serverError("analyze", err)
		}})
	}
	for _, t := range d.source.Tables {
		if !slices.Contains(d.excluded, t.Name) {
			collect(t.Name, t.OID)
		}
	}
	for _, view := range end.MatViews {
		collect(view)
	}
	return d.share(ctx, tasks)
}

// eventTriggers come last: they would fire for everything before. Only a
// superuser may create them.
func (d *database) eventTriggers(ctx context.Context, end subset.Ending) error {
	triggers := d.schema.split(end.Dangling).eventTriggers
	if d.target.Superuser {
		return d.inOrder(ctx, pgtool.PostData, triggers)
	}
	for _, e := range triggers {
		if e.Catalog == pgtool.EventTriggers {
			name := strings.TrimPrefix(e.Text, "EVENT TRIGGER - ")
			d.warnings = append(d.warnings, "event trigger left out, only a superuser may create it: "+name)
		}
	}
	return nil
}

// Close gives everything back. After a failure it empties the target.
func (d *database) Close(ctx context.Context, failed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	d.pool.close(ctx)
	var errs []error
	if d.control != nil {
		_ = d.control.Close(ctx) // what it was doing is of no interest any more
		d.control = nil
	}
	if failed && d.begun {
		errs = append(errs, d.undo(ctx))
	}
	d.begun = false
	if d.schema != nil {
		errs = append(errs, d.schema.close())
	}
	return errors.Join(errs...)
}

// undo works on a connection of its own: the other may be what broke.
func (d *database) undo(ctx context.Context) error {
	conn, err := connect(ctx, d.config, nil)
	if err == nil {
		defer func() { _ = conn.Close(ctx) }()
		err = empty(ctx, conn, d.target.Extensions)
	}
	if err != nil {
		return hint.Wrap(fmt.Errorf("empty target after the failure: %w", serverError(d.target.Name, err)),
			"database %s is incomplete: drop it, or have it replaced by the next run", d.target.Name)
	}
	d.target.unmark(ctx, conn)
	return nil
}
