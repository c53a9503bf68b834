package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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
	return &archive{to: to, options: o, concurrency: files, store: &directory{path: to, options: o}}, nil
}

// directory is a folder with a file for each table.
type directory struct {
	path    string
	options Options
	folder  *outputFolder
	lists   map[string]*strings.Builder // of large objects, by file
}

func (d *directory) begin() error {
	var err error
	d.lists = map[string]*strings.Builder{}
	d.folder, err = makeFolder(d.path, d.options.Replace)
	return err
}

func (d *directory) rows(e *pgarchive.Entry) (io.WriteCloser, error) {
	return d.create(e.File)
}

// object adds a line to the list that says which file holds it.
func (d *directory) object(e *pgarchive.Entry, loid uint32) (io.WriteCloser, error) {
	list := d.lists[e.File]
	if list == nil {
		list = &strings.Builder{}
		d.lists[e.File] = list
	}
	name := fmt.Sprintf("blob_%d.dat", loid)
	fmt.Fprintln(list, loid, name)
	return d.create(name)
}

// create makes a compressed file.
func (d *directory) create(name string) (io.WriteCloser, error) {
	compression := d.options.compression()
	file, err := os.OpenFile(filepath.Join(d.folder.path, name+compression.Extension()),
		os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	w, err := compression.Compressor(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &compressed{w, file}, nil
}

type compressed struct {
	io.WriteCloser
	file *os.File
}

func (c *compressed) Close() error { return errors.Join(c.WriteCloser.Close(), c.file.Close()) }

func (d *directory) finish(a *pgarchive.Archive) error {
	a.Header.Format = pgarchive.Directory
	for name, list := range d.lists {
		if err := os.WriteFile(filepath.Join(d.folder.path, name), []byte(list.String()), 0o600); err != nil {
			return err
		}
	}
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
