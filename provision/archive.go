package provision

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtool"
)

// An archive is a file with a database in it. What it is shows in its first
// bytes, whatever its name.
type archive struct {
	Path   string
	SHA256 string
	Bytes  int64
	Custom bool // for pg_restore: pg_dump's custom or tar format; else a script for psql
}

const archiveHint = "give a file that offshoot subset or pg_dump wrote: .sql, .sql.gz, .sql.zst, .dump or .tar"

// openArchive reads a file once, to know its digest and that it can be read,
// before anything is made for it.
func openArchive(path string) (*archive, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("archive: %w", err), archiveHint)
	}
	if !info.Mode().IsRegular() {
		return nil, hint.Usage(fmt.Errorf("archive %s is not a file", path), archiveHint)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	a := &archive{Path: path}
	if a.Bytes, err = io.Copy(digest, file); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	a.SHA256 = hex.EncodeToString(digest.Sum(nil))
	content, err := a.open()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	a.Custom = content.custom
	return a, nil
}

// content is the archive's inside, decompressed.
type content struct {
	io.Reader
	custom bool
	script *script // nil: not pg_dump's
	read   *counter
	close  []func() error
}

// Close closes the file and its decompression.
func (c *content) Close() error {
	var errs []error
	for _, f := range c.close {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

func (a *archive) open() (*content, error) {
	file, err := os.Open(a.Path)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	c := &content{read: &counter{Reader: file}, close: []func() error{file.Close}}
	if err := c.unwrap(c.read); err != nil {
		return nil, errors.Join(fmt.Errorf("archive %s: %w", filepath.Base(a.Path), err), c.Close())
	}
	return c, nil
}

// unwrap peels a layer of compression off, if there is one, and looks what is
// inside.
func (c *content) unwrap(r io.Reader) error {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, _ := buffered.Peek(512)
	switch {
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		inner, err := zstd.NewReader(buffered)
		if err != nil {
			return err
		}
		c.close = append([]func() error{func() error { inner.Close(); return nil }}, c.close...)
		return c.inside(inner)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		inner, err := gzip.NewReader(buffered)
		if err != nil {
			return err
		}
		return c.inside(inner)
	}
	return c.inside(buffered)
}

func (c *content) inside(r io.Reader) error {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return hint.Usage(errors.New("it is empty"), archiveHint)
	case bytes.HasPrefix(head, []byte("PGDMP")) || isTar(head):
		c.custom = true
	case bytes.IndexByte(head, 0) >= 0:
		return hint.Usage(errors.New("it is neither a script nor what pg_dump writes"), archiveHint)
	}
	c.Reader = damage{buffered}
	if bytes.Contains(head, []byte("-- PostgreSQL database dump")) {
		c.script = &script{Reader: c.Reader}
		c.Reader = c.script
	}
	if !c.custom {
		c.Reader = pgtool.NewStream(c.Reader)
	}
	return nil
}

// complete tells of a script of pg_dump that came to its end without its last
// line, which psql would not mind: it takes the end of the input for the end
// of a table.
func (c *content) complete() error {
	if c.script == nil || c.script.ended {
		return nil
	}
	return hint.Wrap(errors.New("the archive is cut short: pg_dump's last line is missing"), "make it anew")
}

// damage tells apart that the archive cannot be read.
type damage struct{ io.Reader }

func (d damage) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = hint.Wrap(fmt.Errorf("the archive is cut short or damaged: %w", err), "make it anew")
	}
	return n, err
}

// script looks for the last line of pg_dump in what is read.
type script struct {
	io.Reader
	last  []byte
	ended bool
}

var dumpEnd = []byte("-- PostgreSQL database dump complete")

func (s *script) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if !s.ended {
		seen := append(s.last, p[:n]...)
		s.ended = bytes.Contains(seen, dumpEnd)
		s.last = append([]byte(nil), seen[max(0, len(seen)-len(dumpEnd)):]...)
	}
	return n, err
}

// isTar knows pg_dump's tar format by its first member.
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	header, err := tar.NewReader(bytes.NewReader(head)).Next()
	return err == nil && header.Name == "toc.dat"
}

// counter counts what is read of a file, to tell how far a load is.
type counter struct {
	io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
