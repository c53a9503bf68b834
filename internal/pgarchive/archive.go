// Package pgarchive reads and writes what pg_dump writes for pg_restore.
//
//	custom format:     header ─ table of contents ─ block of data ─ block of data…   one file
//	directory format:  header ─ table of contents   toc.dat; a file for each block beside it
//
// The formats are not documented. What is done here follows ReadHead, ReadToc
// and WriteToc in
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/bin/pg_dump/pg_backup_archiver.c
// and pg_backup_custom.c and pg_backup_directory.c beside it.
package pgarchive

import (
	"fmt"
	"time"
)

// Archive is the header and the table of contents of an archive.
type Archive struct {
	Header  Header
	Entries []*Entry // in the order in which pg_restore takes them
}

// Header is what comes first in an archive.
type Header struct {
	Minor       int // version 1.14 is of pg_dump 12 to 15, 1.15 of 16, 1.16 of 17 and 18
	Format      Format
	Compression Compression
	Created     time.Time // its wall clock; the zone is not kept
	Database    *string
	Server      *string // version of the server
	Dumper      *string // version of pg_dump
}

// Compression is how the data of an archive is compressed.
type Compression byte

// The compressions that are written, by pg_dump's numbers for them.
const (
	Uncompressed Compression = 0
	Gzip         Compression = 1 // zlib in a custom archive
	Zstd         Compression = 3
)

// Fits reports whether pg_restore of the header's version knows it: older ones
// than 1.15 know zlib alone.
func (c Compression) Fits(h Header) bool { return c != Zstd || h.Minor >= named }

// Format is the format that a header names.
type Format byte

// The formats; a directory's toc.dat says that it is of a tar file.
const (
	Custom    Format = 1
	Directory Format = 3
)

// The versions that are known, all of them 1.x.
const (
	oldest = 14
	named  = 15 // the first that names its compression
	newest = 16
)

// Section is the part of a restore in which an entry has its turn.
type Section int

// The sections. None is of comments, which belong to the entry before them.
const (
	None Section = iota + 1
	PreData
	Data
	PostData
)

// Entry is one line of the table of contents. Texts that are nil and texts
// that are empty differ: without a tablespace pg_restore leaves the session's
// as it is, with an empty one it sets the database's own.
type Entry struct {
	ID           int
	Catalog      uint32 // oid of the system catalog that lists the object, or 0
	OID          uint32
	Tag          *string // name, for most
	Kind         string  // such as TABLE DATA
	Section      Section
	Definition   *string // SQL
	Drop         *string // SQL
	Copy         *string // SQL, before the data
	Schema       *string
	Tablespace   *string
	AccessMethod *string
	RelKind      int // since 1.16
	Owner        *string
	Dependencies []int // IDs

	HasData bool
	Offset  int64  // of the block in a custom archive
	File    string // of the data in a directory, without .gz or .zst; empty without data
}

// Is tells whether the entry is of that kind and bears that name.
func (e *Entry) Is(kind, schema, name string) bool {
	return e.Kind == kind && text(e.Schema) == schema && text(e.Tag) == name
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// MaxID is the greatest number of an entry.
func (a *Archive) MaxID() int {
	most := 0
	for _, e := range a.Entries {
		most = max(most, e.ID)
	}
	return most
}

// VersionError means that an archive is of a version that is not known.
type VersionError struct{ Major, Minor int }

func (e *VersionError) Error() string {
	return fmt.Sprintf("archive of version %d.%d; known are 1.%d to 1.%d", e.Major, e.Minor, oldest, newest)
}
