package pgarchive

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Blocks writes the part of a custom archive after the table of contents: a
// block for the rows of each table, and blocks of large objects. One thing is
// written at a time.
type Blocks struct {
	w        io.Writer
	written  int64
	chunks   *bufio.Writer
	compress compressor
}

// compressor writes one stream, and after Reset another one.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// Compressor returns what compresses the files of a directory.
func (c Compression) Compressor(w io.Writer) (io.WriteCloser, error) {
	if c == Zstd {
		return newZstd(w)
	}
	return gzip.NewWriter(w), nil
}

// Extension is what the names of such files end in, by which pg_restore finds
// them.
func (c Compression) Extension() string {
	if c == Zstd {
		return ".zst"
	}
	return ".gz"
}

// newZstd works in one goroutine, so that the same input gives the same bytes,
// and looks back as far as pg_dump's does.
func newZstd(w io.Writer) (*zstd.Encoder, error) {
	return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2<<20), zstd.WithZeroFrames(true))
}

// The types of blocks.
const (
	blockOfRows    = 1
	blockOfObjects = 3
)

// chunkSize is about how much compressed data has a length of its own.
const chunkSize = 1 << 16

// NewBlocks returns a writer of blocks that are compressed.
func NewBlocks(w io.Writer, c Compression) (*Blocks, error) {
	b := &Blocks{w: w}
	b.chunks = bufio.NewWriterSize(chunked{b}, chunkSize)
	if c != Zstd {
		b.compress = zlib.NewWriter(b.chunks)
		return b, nil
	}
	var err error
	b.compress, err = newZstd(b.chunks)
	return b, err
}

// Size is how much has been written: where the next block begins.
func (b *Blocks) Size() int64 { return b.written }

// Rows begins the block of an entry, which Close ends.
func (b *Blocks) Rows(id int) (io.WriteCloser, error) {
	if err := b.begin(blockOfRows, id); err != nil {
		return nil, err
	}
	return data{b}, nil
}

// Objects begins the block of large objects of an entry, which EndObjects ends.
func (b *Blocks) Objects(id int) error { return b.begin(blockOfObjects, id) }

// Object begins one large object, which Close ends.
func (b *Blocks) Object(loid uint32) (io.WriteCloser, error) {
	// pg_dump writes an oid as the int of the same bits.
	if err := b.int(int(int32(loid))); err != nil {
		return nil, err
	}
	return data{b}, nil
}

// EndObjects ends a block of large objects.
func (b *Blocks) EndObjects() error { return b.int(0) }

func (b *Blocks) begin(kind byte, id int) error {
	return b.write(appendInt([]byte{kind}, id))
}

func (b *Blocks) int(n int) error { return b.write(appendInt(nil, n)) }

func (b *Blocks) write(p []byte) error {
	n, err := b.w.Write(p)
	b.written += int64(n)
	return err
}

// data is what is compressed as one stream.
type data struct{ b *Blocks }

func (d data) Write(p []byte) (int, error) { return d.b.compress.Write(p) }

// Close ends the stream with a chunk of length 0.
func (d data) Close() error {
	if err := d.b.compress.Close(); err != nil {
		return err
	}
	if err := d.b.chunks.Flush(); err != nil {
		return err
	}
	d.b.compress.Reset(d.b.chunks)
	return d.b.int(0)
}

// chunked writes a length before what it is given.
type chunked struct{ b *Blocks }

func (c chunked) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.b.int(len(p)); err != nil {
		return 0, err
	}
	return len(p), c.b.write(p)
}
