package sink

import (
	"bufio"
	"errors"
	"io"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// custom is one file. Its table of contents comes first, though it is known
// last, so the data waits in a file beside it.
type custom struct {
	path    string
	options Options

	waiting *output
	buffer  *bufio.Writer
	blocks  *pgarchive.Blocks
	objects *pgarchive.Entry // whose block is not ended yet
}

func (c *custom) begin() error {
	var err error
	if c.waiting, err = create(c.path, c.options); err != nil {
		return err
	}
	c.buffer = bufio.NewWriterSize(c.waiting, 1<<20)
	c.blocks, err = pgarchive.NewBlocks(c.buffer, c.options.compression())
	return err
}

func (c *custom) rows(e *pgarchive.Entry) (io.WriteCloser, error) {
	e.Offset = c.blocks.Size()
	return c.blocks.Rows(e.ID)
}

func (c *custom) object(e *pgarchive.Entry, loid uint32) (io.WriteCloser, error) {
	if c.objects != e {
		if err := c.endObjects(); err != nil {
			return nil, err
		}
		e.Offset = c.blocks.Size()
		if err := c.blocks.Objects(e.ID); err != nil {
			return nil, err
		}
		c.objects = e
	}
	return c.blocks.Object(loid)
}

func (c *custom) endObjects() error {
	if c.objects == nil {
		return nil
	}
	return c.blocks.EndObjects()
}

func (c *custom) finish(a *pgarchive.Archive) error {
	if err := c.endObjects(); err != nil {
		return err
	}
	if err := c.buffer.Flush(); err != nil {
		return err
	}
	out, err := create(c.path, c.options)
	if err != nil {
		return err
	}
	if err := c.assemble(out, a); err != nil {
		return errors.Join(err, out.discard())
	}
	return errors.Join(out.commit(), out.discard())
}

// assemble writes the table of contents and the data behind it.
func (c *custom) assemble(out *output, a *pgarchive.Archive) error {
	a.Header.Format = pgarchive.Custom
	length := int64(len(a.Encode()))
	for _, e := range a.Entries {
		e.Offset += length
	}
	if _, err := out.Write(a.Encode()); err != nil {
		return err
	}
	if _, err := c.waiting.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(out.file, c.waiting.file) // in the kernel, where it can
	return err
}

func (c *custom) discard() error {
	if c.waiting == nil {
		return nil
	}
	return c.waiting.discard()
}
