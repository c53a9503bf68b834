package gateway

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// commandClone copies the data of a database from one folder into another, empty
// one, as they are but for spare segments: owners, modes and links. It prints how, and how many bytes: reflink, where
// the file system can share the blocks of two files until one is changed, else copy. With -sync all of it is on the
// disk then.
func commandClone(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("gateway clone", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	durable := flags.Bool("sync", false, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("gateway clone: %w", err)
	}
	if flags.NArg() != 2 {
		return errors.New("gateway clone: want a folder and an empty one")
	}
	c := &cloner{from: flags.Arg(0), to: flags.Arg(1), share: true}
	err := c.clone()
	if err == nil && *durable {
		err = flush(c.to)
	}
	if err != nil {
		return fmt.Errorf("gateway clone: %w", err)
	}
	_, err = fmt.Fprintln(stdout, c.how(), c.bytes)
	return err
}

// A cloner finds out with the first file whether blocks can be shared.
type cloner struct {
	from, to       string
	share          bool
	shared, copied int // files that are not empty
	bytes          int64
	spare          map[string]bool // files that are left out
}

// how says whether the copy shares all its blocks with the original.
func (c *cloner) how() string {
	if c.shared > 0 && c.copied == 0 {
		return "reflink"
	}
	return "copy"
}

func (c *cloner) clone() error {
	entries, err := os.ReadDir(c.to)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty", c.to)
	}
	var folders []string
	err = filepath.WalkDir(c.from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			folders = append(folders, path)
		}
		if entry.IsDir() && entry.Name() == "pg_wal" {
			if c.spare, err = spareSegments(path); err != nil {
				return err
			}
		}
		if c.spare[path] {
			return nil
		}
		return c.entry(path, entry)
	})
	// A folder's mode comes last: it may forbid writing.
	for i := len(folders) - 1; i >= 0 && err == nil; i-- {
		err = c.dress(folders[i])
	}
	return err
}

func (c *cloner) target(path string) string {
	below, _ := filepath.Rel(c.from, path)
	return filepath.Join(c.to, below)
}

func (c *cloner) entry(path string, entry fs.DirEntry) error {
	to := c.target(path)
	switch entry.Type() {
	case fs.ModeDir:
		if path == c.from {
			return nil
		}
		return os.Mkdir(to, 0o700)
	case fs.ModeSymlink:
		return c.link(path, to)
	case 0:
		if err := c.file(path, to); err != nil {
			return err
		}
		return c.dress(path)
	}
	return fmt.Errorf("%s is neither a file nor a folder", path)
}

// link refuses those that lead elsewhere: two databases would share what is
// there, such as a tablespace.
func (c *cloner) link(path, to string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if filepath.IsAbs(target) {
		return fmt.Errorf("%s leads to %s, outside of the folder", path, target)
	}
	if err := os.Symlink(target, to); err != nil {
		return err
	}
	return own(path, to)
}

func (c *cloner) file(path, to string) (err error) {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := in.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	c.bytes += info.Size()
	if c.share && worktree.Share(in, out) == nil {
		c.shared++
		return nil
	}
	c.share = false // nor will it for the next
	c.copied++
	_, err = io.Copy(out, in)
	return err
}

// dress gives a copy the owner and then the mode of the original.
func (c *cloner) dress(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	to := c.target(path)
	if err := own(path, to); err != nil {
		return err
	}
	return os.Chmod(to, info.Mode())
}
