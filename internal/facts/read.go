package facts

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// longest bounds one line of facts: a table with 1,600 columns takes 300 kB.
const longest = 4 << 20

// Of reads the facts in an archive: a script, compressed or not, a file or a folder of pg_dump's formats. Nil means
// that it has none. A script is read no further than to its first rows.
func Of(path string) (*Facts, error) {
	f, err := of(path)
	if err != nil {
		return nil, fmt.Errorf("facts of %s: %w", filepath.Base(path), err)
	}
	return f, nil
}

func of(path string) (*Facts, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "toc.dat")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return From(file)
}

// From reads the facts in an archive.
func From(r io.Reader) (*Facts, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		inner, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer inner.Close()
		return From(inner)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		inner, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		return From(inner)
	case bytes.HasPrefix(head, []byte("PGDMP")):
		return ofArchive(b)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		archive := tar.NewReader(b)
		if _, err := archive.Next(); err != nil { // toc.dat comes first
			return nil, err
		}
		return ofArchive(archive)
	}
	return ofScript(b)
}

// Kind is that of the entry which holds the facts, and Tag its name.
const (
	Kind = "COMMENT"
	Tag  = "facts of the source, for offshoot"
)

// ofArchive finds the entry in a table of contents.
func ofArchive(r io.Reader) (*Facts, error) {
	a, err := pgarchive.Read(r)
	if err != nil {
		return nil, err
	}
	for _, e := range a.Entries {
		if e.Is(Kind, "", Tag) && e.Definition != nil {
			return ofScript(bufio.NewReader(strings.NewReader(*e.Definition)))
		}
	}
	return nil, nil
}

// ofScript reads lines until the facts are complete or rows begin.
func ofScript(r *bufio.Reader) (*Facts, error) {
	var c collector
	for {
		line, err := line(r)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			if c.left > 0 {
				return nil, errCut
			}
			return c.facts, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if done, err := c.line(line); done || err != nil {
			return c.facts, err
		}
		if begins(line) {
			return c.facts, nil
		}
	}
}

// begins tells whether rows follow.
func begins(line []byte) bool {
	return bytes.HasPrefix(line, []byte("COPY ")) && bytes.HasSuffix(line, []byte(" FROM stdin;"))
}

// line reads one without its end. One that is longer than any of ours is cut.
func line(r *bufio.Reader) ([]byte, error) {
	var all []byte
	for {
		part, more, err := r.ReadLine()
		if len(all)+len(part) <= longest {
			all = append(all, part...)
		}
		if err != nil || !more {
			return all, err
		}
	}
}
