// Package catalog says what a PostgreSQL database is: its tables, keys,
// sequences and materialized views, read once from pg_catalog into a value
// that nothing changes afterwards.
//
//	pg_catalog ── Read ──▶ Database ──▶ plan, walk, sinks
package catalog

// Database is an immutable picture of one database in one snapshot.
type Database struct {
	Version    int    // server_version_num, such as 150018
	Name       string // current_database()
	Encoding   string // server encoding, such as UTF8
	Locale     Locale // by which text is ordered
	SystemID   string // pg_control_system().system_identifier: equal on a primary and its standbys
	InRecovery bool   // a hot standby

	Tables      []*Table      // what can hold rows of its own: ordinary tables and partition roots, sorted by Name
	ForeignKeys []*ForeignKey // sorted by child, then constraint name; clones on partitions removed
	Sequences   []*Sequence   // sorted by Name
	MatViews    []Name        // in an order in which each can be refreshed after those it reads
	LeftOut     []LeftOut     // relations whose rows are never copied, and why
	Extensions  []Extension   // sorted by name
	Extras      []*Extra      // tables of extensions whose rows of users come along
	LateChecks  []LateCheck   // that may fail on the rows of a subset or before all of them are there
	Policies    []Policy      // that name roles
	SearchPath  []string      // schemas where the role's own sessions look for names, without the system's
	Inlines     bool          // an index or a partition key is made of a function in SQL, which the planner looks into
	Role        string        // current_user
	Warnings    []string      // what the schema holds that cannot be followed
}

// LeftOut names a relation whose rows are not copied.
type LeftOut struct {
	Name   Name
	Reason string // "foreign table", "belongs to extension postgis", ...
}

// CopyOrder returns the tables in two parts: the rows of the second are loaded once all of the first are there.
func (d *Database) CopyOrder() [2][]*Table {
	var parts [2][]*Table
	for _, t := range d.Tables {
		if t.Late {
			parts[1] = append(parts[1], t)
			continue
		}
		parts[0] = append(parts[0], t)
	}
	return parts
}

// Table returns the table that is written schema.name; nil where there is none.
func (d *Database) Table(name string) *Table {
	for _, t := range d.Tables {
		if t.Name.Dotted() == name {
			return t
		}
	}
	return nil
}

// Table is an ordinary table (an inheritance member counts for itself, ONLY)
// or the root of a partition tree (all its leaves count as one table).
type Table struct {
	OID         uint32
	Name        Name
	Partitioned bool
	Columns     []Column // live columns in order
	Keys        []Key    // primary key first, then unique keys
	Heaps       []*Heap  // where the rows are: the table itself, or its leaves sorted by Name

	// ByRoot is set where a row may belong into another partition in another database: by an oid, such as that of a
	// regclass, or by the hash of an enum, which is that of an oid.
	ByRoot bool
	// Late is set where a generated column calls a function of the user's. It may read other tables, whatever it says.
	Late bool

	Statistics map[string]Statistics // of a partition tree as a whole, by column, where it was analyzed

	RowSecurity bool   // row-level security applies to the current role
	Readable    bool   // the current role may SELECT every column: Denied is empty
	Denied      []Name // what the current role may not read: the table or some of its leaves
}

// LoadedAs is the name by which the rows of a heap are loaded: its own, or that of the root of its tree.
func (h *Heap) LoadedAs() Name {
	if h.Table != nil && h.Table.ByRoot {
		return h.Table.Name
	}
	return h.Name
}

// Column returns the column of that name; the zero Column where there is none.
func (t *Table) Column(name string) Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return Column{}
}

// Heap is one physical table: an ordinary table or a leaf partition.
type Heap struct {
	OID   uint32
	Name  Name
	Table *Table
	Rows  float64 // pg_class.reltuples; -1 when never analyzed
	Was   int64   // pg_class.relpages: blocks when Rows was measured
	Pages int64   // pg_relation_size in blocks, as of now
	Bytes int64   // pg_table_size: heap and TOAST
	Toast int64   // bytes of the TOAST table alone

	Statistics map[string]Statistics // by column, where it was analyzed and the role may read it
}

// Column is one live column.
type Column struct {
	Name      string
	Type      string // format_type, such as character varying(20)
	Base      string // of a domain: the type below it, without its length
	NotNull   bool
	Generated bool // GENERATED ALWAYS AS (…) STORED: computed, never copied
	Identity  bool
}

// Key is a primary key, a unique constraint or a unique index that a foreign
// key may reference.
type Key struct {
	Name    string
	Primary bool
	Columns []string
}

// ForeignKey is one declared reference. Clones that PostgreSQL makes on
// partitions (conparentid <> 0) are not listed.
type ForeignKey struct {
	OID  uint32 // 0 for a reference declared in the configuration only
	Name string

	Child         *Table
	ChildRel      Name     // where it is declared: the table, its root, or one partition
	ChildHeaps    []*Heap  // the heaps of Child whose rows it covers
	ChildColumns  []string // in constraint order
	Parent        *Table
	ParentRel     Name // what it references: the table, its root, or one partition
	ParentHeaps   []*Heap
	ParentColumns []string   // in constraint order, paired with ChildColumns
	Operators     []Operator // parent = child, one per pair
	When          string     // configuration only: a condition on the child row, in SQL

	MatchFull  bool
	Validated  bool
	Deferrable bool
	Nullable   bool   // some child column may be NULL
	Indexed    bool   // an index on the child leads with the child columns
	Index      string // its name; empty when each partition has one of its own
	Definition string // pg_get_constraintdef
}

// Operator compares one parent column with one child column the way
// PostgreSQL's own foreign-key checks do.
type Operator struct {
	Name       string // schema-qualified for OPERATOR(…)
	ParentType string // to cast the parent column to, when it is of another type
	ChildType  string // to cast the child column to, when it is of another type
	Collation  string // of the parent column, quoted, when the child's is another
	Written    bool   // configuration only: the child column is text, in which the parent's bigint or uuid is written
}

// Sequence is one sequence and its position in the snapshot.
type Sequence struct {
	Name      Name
	LastValue int64
	Called    bool // is_called
	Known     bool // false when the role may not read it: then it is set past the kept rows of UsedBy
	Owner     Name // owning table, when it has one
	Column    string
	Increment int64
	Extension string       // that it belongs to, when its position is the users'
	UsedBy    []ColumnName // columns that own it or take their default from it
}

// ColumnName names one column of a table.
type ColumnName struct {
	Table  Name
	Column string
}
