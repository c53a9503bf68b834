package pgarchive

import (
	"strconv"
	"time"
)

// Encode returns header and table of contents as they stand at the beginning
// of a custom archive, or in the toc.dat of a directory. Its length does not
// depend on the offsets.
func (a *Archive) Encode() []byte {
	e := encoder{}
	e.header(a.Header)
	e.int(len(a.Entries))
	for _, entry := range a.Entries {
		e.entry(a.Header, entry)
	}
	return e.b
}

type encoder struct{ b []byte }

func (e *encoder) header(h Header) {
	e.b = append(e.b, magic...)
	e.b = append(e.b, 1, byte(h.Minor), 0, intSize, offsetSize, byte(h.Format))
	switch {
	case h.Minor >= named:
		e.b = append(e.b, byte(h.Compression))
	case h.Compression == Gzip:
		e.int(-1) // zlib's own level, as pg_dump says when not told which
	default:
		e.int(0)
	}
	e.time(h.Created)
	e.text(h.Database)
	e.text(h.Server)
	e.text(h.Dumper)
}

func (e *encoder) time(t time.Time) {
	for _, n := range []int{t.Second(), t.Minute(), t.Hour(), t.Day(), int(t.Month()) - 1, t.Year() - 1900, 0} {
		e.int(n)
	}
}

func (e *encoder) entry(h Header, entry *Entry) {
	e.int(entry.ID)
	e.int(number(entry.HasData))
	e.string(strconv.FormatUint(uint64(entry.Catalog), 10))
	e.string(strconv.FormatUint(uint64(entry.OID), 10))
	e.text(entry.Tag)
	e.string(entry.Kind)
	e.int(int(entry.Section))
	for _, s := range []*string{
		entry.Definition, entry.Drop, entry.Copy, entry.Schema, entry.Tablespace,
		entry.AccessMethod,
	} {
		e.text(s)
	}
	if h.Minor >= 16 {
		e.int(entry.RelKind)
	}
	e.text(entry.Owner)
	e.string("false") // WITH OIDS
	for _, id := range entry.Dependencies {
		e.string(strconv.Itoa(id))
	}
	e.text(nil)
	e.place(h, entry)
}

// place says where the data is.
func (e *encoder) place(h Header, entry *Entry) {
	switch {
	case h.Format != Custom:
		e.string(entry.File)
	case entry.HasData:
		e.b = append(e.b, offsetSet)
		e.offset(entry.Offset)
	default:
		e.b = append(e.b, noData)
		e.offset(0)
	}
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (e *encoder) int(n int) { e.b = appendInt(e.b, n) }

func appendInt(b []byte, n int) []byte {
	sign := byte(0)
	if n < 0 {
		sign, n = 1, -n
	}
	return append(b, sign, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

func (e *encoder) offset(n int64) {
	for i := range offsetSize {
		e.b = append(e.b, byte(n>>(8*i)))
	}
}

func (e *encoder) string(s string) {
	e.int(len(s))
	e.b = append(e.b, s...)
}

func (e *encoder) text(s *string) {
	if s == nil {
		e.int(-1)
		return
	}
	e.string(*s)
}
