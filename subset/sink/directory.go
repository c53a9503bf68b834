package sink

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"

	"github.com/offshoot-dev/offshoot/internal/pgarchive"
)

// NewDirectory returns a sink that writes an archive in pg_dump's directory
// format. It refuses a folder that is not empty, unless it holds nothing but
// an archive that is to be replaced. The folder appears when it is complete.
func NewDirectory(to string, o Options) (Sink, error) {
	to = filepath.Clean(to)
	if err := placeable(to, o.Replace); err != nil {
		return nil, err
	}
	// Every table has a file of its own, so the order does not matter.
	const files = 4
	return &archive{to: to, options: o, concurrency: files, store: &directory{path: to, replace: o.Replace}}, nil
}

// directory is a folder with a file for each table.
type directory struct {
	path    string
	replace bool
	folder  *outputFolder
}

func (d *directory) begin() error {
	var err error
	d.folder, err = makeFolder(d.path, d.replace)
	return err
}

func (d *directory) rows(e *pgarchive.Entry) (io.WriteCloser, error) {
	return d.create(e.File)
}

// create makes a compressed file. pg_restore looks for .gz by itself.
func (d *directory) create(name string) (io.WriteCloser, error) {
	file, err := os.OpenFile(filepath.Join(d.folder.path, name+".gz"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &gzipped{gzip.NewWriter(file), file}, nil
}

type gzipped struct {
	*gzip.Writer
	file *os.File
}

func (g *gzipped) Close() error { return errors.Join(g.Writer.Close(), g.file.Close()) }

func (d *directory) finish(a *pgarchive.Archive) error {
	a.Header.Format = pgarchive.Directory
	if err := os.WriteFile(filepath.Join(d.folder.path, tocFile), a.Encode(), 0o600); err != nil {
		return err
	}
	return d.folder.commit()
}

func (d *directory) discard() error {
	if d.folder == nil {
		return nil
	}
	return d.folder.discard()
}
