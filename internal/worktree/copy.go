package worktree

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// An Entry is one path to copy: from where it is below the one folder to where
// it will be below the other. Both are relative, with slashes.
type Entry struct {
	From, To string
}

// Copied says what a copy came to.
type Copied struct {
	Files  int   `json:"files"`
	Bytes  int64 `json:"bytes"`
	Shared bool  `json:"shared"` // blocks are shared with the original until one of them changes
}

// Copy copies files, folders and links as they are: owners, modes, times. Links
// are copied, never followed, and neither folder is left by way of one. What
// is in a folder has to be named too. An entry that is gone, or that is neither
// of the three, such as a socket, is left out.
func Copy(from, to *os.Root, entries []Entry) (Copied, error) {
	folders, rooms, err := arrange(from, entries)
	if err != nil {
		return Copied{}, err
	}
	for _, f := range folders {
		if err := to.MkdirAll(f.To, 0o700); err != nil {
			return Copied{}, err
		}
	}
	total, err := fill(from, to, rooms)
	if err != nil {
		return total, err
	}
	// What is in a folder comes before its mode, which may forbid writing, and
	// its time.
	for _, f := range slices.Backward(folders) {
		if err := dressFolder(from, to, f); err != nil {
			return total, err
		}
	}
	return total, nil
}

// A room is what is directly in one folder. Of many files, each step down to
// one costs, so that it is taken once for all of them.
type room struct {
	from, to string
	entries  []Entry
}

// arrange tells folders from the rest, and sorts the rest by folder.
func arrange(from *os.Root, entries []Entry) (folders []Entry, rooms []*room, err error) {
	byFolder := map[Entry]*room{}
	for _, e := range entries {
		key := Entry{From: path.Dir(e.From), To: path.Dir(e.To)}
		if byFolder[key] == nil {
			byFolder[key] = &room{from: key.From, to: key.To}
			rooms = append(rooms, byFolder[key])
		}
		byFolder[key].entries = append(byFolder[key].entries, e)
	}
	for _, r := range rooms {
		found, err := r.takeFolders(from)
		if err != nil {
			return nil, nil, err
		}
		folders = append(folders, found...)
	}
	slices.SortFunc(folders, func(a, b Entry) int { return cmp.Compare(a.To, b.To) })
	return folders, slices.DeleteFunc(rooms, func(r *room) bool { return len(r.entries) == 0 }), nil
}

// takeFolders takes the folders out of a room, and what is gone.
func (r *room) takeFolders(from *os.Root) (folders []Entry, err error) {
	folder, err := from.OpenRoot(r.from)
	if err != nil {
		r.entries = nil
		return nil, ignoreMissing(err)
	}
	defer folder.Close()
	rest := r.entries[:0]
	for _, e := range r.entries {
		info, err := folder.Lstat(path.Base(e.From))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case info.IsDir():
			folders = append(folders, e)
		default:
			rest = append(rest, e)
		}
	}
	r.entries = rest
	return folders, nil
}

// fill copies what is in folders, several at a time.
func fill(from, to *os.Root, rooms []*room) (Copied, error) {
	done := make([]Copied, len(rooms))
	var group errgroup.Group
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, r := range rooms {
		group.Go(func() (err error) {
			done[i], err = r.fill(from, to)
			return err
		})
	}
	err := group.Wait()
	total := Copied{Shared: true}
	for _, c := range done {
		total.Files += c.Files
		total.Bytes += c.Bytes
		total.Shared = total.Shared && c.Shared
	}
	return total, err
}

func (r *room) fill(from, to *os.Root) (_ Copied, err error) {
	c := copier{share: true}
	if c.from, err = from.OpenRoot(r.from); err != nil {
		return Copied{}, ignoreMissing(err)
	}
	defer c.from.Close()
	if err := to.MkdirAll(r.to, 0o755); err != nil {
		return Copied{}, err
	}
	if c.to, err = to.OpenRoot(r.to); err != nil {
		return Copied{}, err
	}
	defer c.to.Close()
	for _, e := range r.entries {
		if err := c.copy(path.Base(e.From), path.Base(e.To)); err != nil {
			return c.done, fmt.Errorf("copy %s: %w", e.From, err)
		}
	}
	c.done.Shared = c.share
	return c.done, nil
}

// copier copies from one folder to another, names without slashes.
type copier struct {
	from, to *os.Root
	share    bool // as long as the file system can
	done     Copied
}

func (c *copier) copy(name, as string) error {
	info, err := c.from.Lstat(name)
	switch {
	case err != nil:
		return ignoreMissing(err)
	case info.Mode()&fs.ModeSymlink != 0:
		return c.link(name, as, info)
	case info.Mode().IsRegular():
		return c.file(name, as)
	}
	return nil
}

func (c *copier) link(name, as string, info fs.FileInfo) error {
	target, err := c.from.Readlink(name)
	if err != nil {
		return ignoreMissing(err)
	}
	if err := c.to.Symlink(target, as); err != nil {
		return err
	}
	uid, gid := owner(info)
	return c.to.Lchown(as, uid, gid)
}

// file opens without waiting for the writer of a pipe that has taken the
// file's place.
func (c *copier) file(name, as string) (err error) {
	in, err := c.from.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	out, err := c.to.OpenFile(as, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	c.done.Files++
	if err := c.content(in, out, info.Size()); err != nil {
		return err
	}
	return dressFile(out, info)
}

func (c *copier) content(in, out *os.File, size int64) error {
	c.done.Bytes += size
	if size == 0 || c.share && Share(in, out) == nil {
		return nil
	}
	c.share = false // nor will it for the next
	_, err := io.Copy(out, in)
	return err
}

// dressFolder gives the copy of a folder owner, mode and time of the original.
func dressFolder(from, to *os.Root, e Entry) error {
	info, err := from.Lstat(e.From)
	if err != nil || !info.IsDir() {
		return ignoreMissing(err)
	}
	uid, gid := owner(info)
	if err := to.Chown(e.To, uid, gid); err != nil {
		return err
	}
	if err := to.Chmod(e.To, info.Mode()&(fs.ModePerm|fs.ModeSticky)); err != nil {
		return err
	}
	return to.Chtimes(e.To, info.ModTime(), info.ModTime())
}

// ignoreMissing forgives that something was removed while it was read.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
