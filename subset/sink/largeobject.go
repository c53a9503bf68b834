package sink

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// objectPart is how much of a large object goes in one statement: a multiple
// of the 2 kB in which the server keeps it.
const objectPart = 1 << 18

// parts calls do for each part of a large object, at least once, and returns
// its size. An error of the source is returned as it is.
func parts(r io.Reader, size int, do func(at int64, part []byte) error) (int64, error) {
	buffer := make([]byte, size)
	for at := int64(0); ; {
		n, err := io.ReadFull(r, buffer)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return at, err
		}
		if n > 0 || at == 0 {
			if err := do(at, buffer[:n]); err != nil {
				return at, err
			}
		}
		at += int64(n)
		if last {
			return at, nil
		}
	}
}

const (
	makeObjectSQL = `SELECT pg_catalog.lo_from_bytea($1, $2)`
	addObjectSQL  = `SELECT pg_catalog.lo_put($1, $2, $3)`
)

// LargeObject makes a large object in the database.
func (d *database) LargeObject(ctx context.Context, loid uint32, r io.Reader) (int64, error) {
	number := strconv.AppendUint(nil, uint64(loid), 10)
	return parts(r, objectPart, func(at int64, part []byte) error {
		sql, values, formats := makeObjectSQL, [][]byte{number, part}, []int16{0, 1}
		if at > 0 {
			sql, values, formats = addObjectSQL, [][]byte{number, strconv.AppendInt(nil, at, 10), part}, []int16{
				0, 0,
				1,
			}
		}
		_, err := d.control.ExecParams(ctx, sql, values, nil, formats, nil).Close()
		return serverError("write large object", err)
	})
}

// scriptPart is less, because it is a line of text.
const scriptPart = 1 << 15

// LargeObject writes statements that make a large object.
func (s *script) LargeObject(ctx context.Context, loid uint32, r io.Reader) (int64, error) {
	return parts(cancellable{ctx, r}, scriptPart, func(at int64, part []byte) error {
		if at == 0 {
			return s.writeOurs(fmt.Sprintf(`SELECT pg_catalog.lo_from_bytea(%d, '\x%s');`, loid,
				hex.EncodeToString(part)) + "\n")
		}
		return s.writeOurs(fmt.Sprintf(`SELECT pg_catalog.lo_put(%d, %d, '\x%s');`, loid, at,
			hex.EncodeToString(part)) + "\n")
	})
}

// LargeObject puts a large object into the archive.
func (a *archive) LargeObject(ctx context.Context, loid uint32, r io.Reader) (int64, error) {
	if err := a.fill(nil); err != nil {
		return 0, err
	}
	w, err := a.store.object(a.toc.addObject(loid), loid)
	if err != nil {
		return 0, writeError(a.to, err)
	}
	from := &counter{r: cancellable{ctx, r}}
	_, err = io.Copy(w, from)
	if closed := w.Close(); err == nil {
		err = closed
	}
	if from.err != nil { // the source broke
		return from.n, from.err
	}
	return from.n, writeError(a.to, err)
}
