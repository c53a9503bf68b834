// Package facts is what is known of a production database beside its rows: how large its tables and indexes are, what
// its planner knows, how it is set up. It travels in the archive of a subset, as comments that neither psql nor
// pg_restore takes for anything else.
//
//	source ── package subset ──▶ Facts ── Comments ──▶ script, or an entry of an archive ── Read ──▶ Facts
//
// Of values of rows there are what the planner takes into account: masked where the column is, and else none that are
// rare, or that are texts in somebody's own words.
package facts

import (
	"slices"
	"strings"
)

// Format is the version of the lines in an archive. Of format 1 there are no values and no locale.
const Format = 2

// Facts are those of one database at one moment. The zero value knows nothing.
type Facts struct {
	Format   int       `json:"offshoot_facts"` // Format
	Server   int       `json:"server"`         // server_version_num
	Database *Database `json:"database,omitempty"`
	Settings []Setting `json:"settings,omitempty"`
	Missing  []string  `json:"missing,omitempty"` // what could not be asked, and why
	Lines    int       `json:"lines"`             // of tables and statements that follow, to tell a block that was cut

	Tables     []Table     `json:"tables,omitempty"`
	Statements []Statement `json:"statements,omitempty"` // what is called most, most first
}

// Database says how the source's database orders text, which decides what its indexes are good for.
type Database struct {
	Encoding string `json:"encoding"`
	Provider string `json:"provider"` // libc, icu or builtin
	Collate  string `json:"collate"`  // of libc
	Ctype    string `json:"ctype"`
	Locale   string `json:"locale,omitempty"` // of icu or builtin
}

// Setting is one of the server's, as pg_settings shows it.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Unit  string `json:"unit,omitempty"`
}

// Table is a table, partition or materialized view.
type Table struct {
	Schema  string   `json:"schema"`
	Name    string   `json:"table"`
	Kind    string   `json:"kind"`              // pg_class.relkind: r, p or m
	Parent  string   `json:"of,omitempty"`      // of a partition: schema.table
	Rows    float64  `json:"rows"`              // pg_class.reltuples; -1 when never analyzed
	Pages   int64    `json:"pages"`             // pg_class.relpages, when Rows was measured
	Visible int64    `json:"visible,omitempty"` // pg_class.relallvisible
	Bytes   int64    `json:"bytes"`             // of the heap, as of now
	Toast   int64    `json:"toast,omitempty"`   // bytes beside it
	Indexes []Index  `json:"indexes,omitempty"`
	Columns []Column `json:"columns,omitempty"` // those of which statistics may be told
}

// Index is one of a table.
type Index struct {
	Name   string  `json:"index"`
	Method string  `json:"method"`
	Unique bool    `json:"unique,omitempty"`
	Rows   float64 `json:"rows"`
	Pages  int64   `json:"pages"`
	Bytes  int64   `json:"bytes"`
}

// Statement is a shape of pg_stat_statements.
type Statement struct {
	Shape string  `json:"statement"`
	Calls int64   `json:"calls"`
	Rows  int64   `json:"rows"`
	Time  float64 `json:"ms"` // in all
}

// Known tells whether there are any facts.
func (f *Facts) Known() bool { return f != nil && f.Format > 0 }

// Table returns the table that is written schema.name; nil where it is not known.
func (f *Facts) Table(name string) *Table {
	if f == nil {
		return nil
	}
	i := slices.IndexFunc(f.Tables, func(t Table) bool { return t.Dotted() == name })
	if i < 0 {
		return nil
	}
	return &f.Tables[i]
}

// Dotted is the name as schema.table.
func (t Table) Dotted() string { return t.Schema + "." + t.Name }

// Setting returns the value of one of the server's, with its unit, such as 8192 and 8kB; empty where it is not known.
func (f *Facts) Setting(name string) (value, unit string) {
	if f == nil {
		return "", ""
	}
	for _, s := range f.Settings {
		if strings.EqualFold(s.Name, name) {
			return s.Value, s.Unit
		}
	}
	return "", ""
}

// Total is bytes of the heap, what lies beside it, and the indexes.
func (t Table) Total() int64 {
	sum := t.Bytes + t.Toast
	for _, i := range t.Indexes {
		sum += i.Bytes
	}
	return sum
}
