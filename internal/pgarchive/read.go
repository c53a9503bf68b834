package pgarchive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Sizes of numbers, the same on every machine PostgreSQL runs on today.
const (
	intSize    = 4
	offsetSize = 8
)

const magic = "PGDMP"

// What is known of where data is, before an offset.
const (
	offsetSet = 2
	noData    = 3
)

// Read reads header and table of contents, of a custom archive or of the
// toc.dat of a directory.
func Read(r io.Reader) (*Archive, error) {
	d := &decoder{r: bufio.NewReader(r)}
	a := &Archive{Header: d.header()}
	count := d.int()
	for range count {
		if d.err != nil {
			break
		}
		a.Entries = append(a.Entries, d.entry(a.Header))
	}
	if d.err != nil {
		return nil, fmt.Errorf("read archive: %w", d.err)
	}
	return a, nil
}

// decoder reads values until one cannot be read; then err says why.
type decoder struct {
	r   *bufio.Reader
	err error
}

func (d *decoder) header() Header {
	if string(d.bytes(len(magic))) != magic {
		d.fail(errors.New("it is not of pg_dump"))
	}
	major, minor, _ := int(d.byte()), int(d.byte()), d.byte()
	if major != 1 || minor < oldest || minor > newest {
		d.fail(&VersionError{major, minor})
	}
	h := Header{Minor: minor}
	if ints, offsets := d.byte(), d.byte(); ints != intSize || offsets != offsetSize {
		d.fail(fmt.Errorf("numbers of %d and %d bytes", ints, offsets))
	}
	h.Format = Format(d.byte())
	if minor >= named {
		h.Compression = Compression(d.byte())
	} else if level := d.int(); level != 0 {
		h.Compression = Gzip
	}
	h.Created = d.time()
	h.Database, h.Server, h.Dumper = d.text(), d.text(), d.text()
	return h
}

// time reads a struct tm.
func (d *decoder) time() time.Time {
	second, minute, hour, day, month, year := d.int(), d.int(), d.int(), d.int(), d.int(), d.int()
	d.int() // whether daylight saving time was on
	return time.Date(1900+year, time.Month(1+month), day, hour, minute, second, 0, time.UTC)
}

func (d *decoder) entry(h Header) *Entry {
	e := &Entry{ID: d.int(), HasData: d.int() != 0}
	e.Catalog, e.OID = d.oid(), d.oid()
	e.Tag, e.Kind = d.text(), text(d.text())
	e.Section = Section(d.int())
	e.Definition, e.Drop, e.Copy = d.text(), d.text(), d.text()
	e.Schema, e.Tablespace, e.AccessMethod = d.text(), d.text(), d.text()
	if h.Minor >= 16 {
		e.RelKind = d.int()
	}
	e.Owner = d.text()
	d.text() // whether rows have oids: no more
	e.Dependencies = d.dependencies()
	if h.Format == Custom {
		d.byte()
		e.Offset = d.offset()
		return e
	}
	e.File = text(d.text())
	return e
}

func (d *decoder) dependencies() []int {
	var ids []int
	for {
		s := d.text()
		if s == nil {
			return ids
		}
		id, err := strconv.Atoi(*s)
		if err != nil {
			d.fail(fmt.Errorf("dependency: %w", err))
			return nil
		}
		ids = append(ids, id)
	}
}

func (d *decoder) oid() uint32 {
	n, err := strconv.ParseUint(text(d.text()), 10, 32)
	if err != nil {
		d.fail(fmt.Errorf("oid: %w", err))
	}
	return uint32(n)
}

// int reads a sign and four bytes, the lowest first.
func (d *decoder) int() int {
	b := d.bytes(1 + intSize)
	if b == nil {
		return 0
	}
	n := int(uint32(b[1]) | uint32(b[2])<<8 | uint32(b[3])<<16 | uint32(b[4])<<24)
	if b[0] != 0 {
		return -n
	}
	return n
}

func (d *decoder) offset() int64 {
	var n int64
	for i, b := range d.bytes(offsetSize) {
		n |= int64(b) << (8 * i)
	}
	return n
}

// text reads a length and as many bytes; a negative length is no text.
func (d *decoder) text() *string {
	n := d.int()
	if n < 0 || d.err != nil {
		return nil
	}
	var b bytes.Buffer // grows with what is there, whatever the length says
	if _, err := io.CopyN(&b, d.r, int64(n)); err != nil {
		d.fail(err)
		return nil
	}
	return new(b.String())
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) bytes(n int) []byte {
	if d.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(d.r, b); err != nil {
		d.fail(err)
		return nil
	}
	return b
}

// fail keeps the first error. The end of the file is never expected.
func (d *decoder) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if d.err == nil {
		d.err = err
	}
}
