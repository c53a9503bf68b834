package remote

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// objects are contents of files on the machine, named by their digests. What
// has arrived of one that is still under way has the same name with .part.
type objects struct{ folder string }

// A Part is what a machine has not got of a file's content, from the offset
// to the end.
type Part struct {
	SHA256 string `json:"sha256"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"` // of the whole
}

func (o objects) path(digest string) string { return filepath.Join(o.folder, digest) }
func (o objects) part(digest string) string { return o.path(digest) + ".part" }

// missing lists what is not there of a tree's contents, each once.
func (o objects) missing(tree Tree) []Part {
	parts, seen := []Part{}, map[string]bool{}
	for _, e := range tree {
		if e.SHA256 == "" || seen[e.SHA256] {
			continue
		}
		seen[e.SHA256] = true
		if info, err := os.Stat(o.path(e.SHA256)); err == nil && info.Size() == e.Size {
			continue
		}
		part := Part{SHA256: e.SHA256, Size: e.Size}
		if info, err := os.Stat(o.part(e.SHA256)); err == nil && info.Size() < e.Size {
			part.Offset = info.Size()
		}
		parts = append(parts, part)
	}
	return parts
}

// receive reads parts as sendPart writes them. While it reads nothing, since it
// is looking at what it has, it writes signs of life.
func (o objects) receive(r io.Reader, life io.Writer) error {
	if err := os.MkdirAll(o.folder, 0o700); err != nil {
		return explainDisk(err)
	}
	in := bufio.NewReader(r)
	for {
		head, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(head) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		var part Part
		if err := json.Unmarshal(head, &part); err != nil || !isDigest(part.SHA256) || part.Offset < 0 ||
			part.Offset > part.Size {
			return errors.New("receive: not the head of a part")
		}
		if err := o.take(part, in, life); err != nil {
			return fmt.Errorf("receive: %w", explainDisk(err))
		}
	}
}

// take writes one part to where it belongs. Another take of the same content,
// left by a connection that died, may still write: the same bytes to the same
// places, so that the digest at the end is all that counts.
func (o objects) take(part Part, r io.Reader, life io.Writer) error {
	name := o.part(part.SHA256)
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.NewOffsetWriter(file, part.Offset), r, part.Size-part.Offset)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return o.keep(part, life)
}

// keep makes an object of a part that is complete.
func (o objects) keep(part Part, life io.Writer) error {
	name := o.part(part.SHA256)
	file, err := os.Open(name)
	if err != nil {
		return o.unlessThere(part, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(sum, &beat{life: life}), file); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != part.SHA256 {
		return errors.Join(fmt.Errorf("%w: %s", errDamaged, part.SHA256[:12]), os.Remove(name))
	}
	return o.unlessThere(part, os.Rename(name, o.path(part.SHA256)))
}

// beat writes a sign of life each time that so many bytes went by.
type beat struct {
	life  io.Writer
	bytes int
}

const beatBytes = 64 << 20

func (b *beat) Write(p []byte) (int, error) {
	if b.bytes += len(p); b.bytes < beatBytes {
		return len(p), nil
	}
	b.bytes = 0
	_, err := b.life.Write([]byte("\n"))
	return len(p), err
}

// errDamaged says that a content did not arrive as it was sent.
var errDamaged = errors.New("a file changed on its way")

// unlessThere forgives an error where another take was faster.
func (o objects) unlessThere(part Part, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Stat(o.path(part.SHA256)); there == nil {
			return nil
		}
	}
	return err
}

// lay makes the folder into which a tree is put. Links come last, so that
// nothing is written through one. What is in the archive folder is a second
// name of the object: nobody writes there, and it may be large.
func (o objects) lay(tree Tree, folder string) error {
	if err := tree.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return explainDisk(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	ordered := slices.Clone(tree)
	slices.SortStableFunc(ordered,
		func(a, b Entry) int { return int(a.Mode&fs.ModeSymlink) - int(b.Mode&fs.ModeSymlink) })
	for _, e := range ordered {
		if err := o.layEntry(root, folder, e); err != nil {
			return fmt.Errorf("lay out %s: %w", e.Path, explainDisk(err))
		}
	}
	return nil
}

func (o objects) layEntry(root *os.Root, folder string, e Entry) error {
	if err := root.MkdirAll(path.Dir(e.Path), 0o755); err != nil {
		return err
	}
	switch {
	case e.Mode.IsDir():
		if err := root.MkdirAll(e.Path, 0o755); err != nil {
			return err
		}
		return root.Chmod(e.Path, e.Mode.Perm()|0o700)
	case e.Mode&fs.ModeSymlink != 0:
		return root.Symlink(e.Target, e.Path)
	case strings.HasPrefix(e.Path, archiveFolder+"/"):
		return os.Link(o.path(e.SHA256), filepath.Join(folder, e.Path))
	}
	return o.copyTo(root, e)
}

func (o objects) copyTo(root *os.Root, e Entry) error {
	from, err := os.Open(o.path(e.SHA256))
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := root.OpenFile(e.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from) // a clone, where the file system can
	return errors.Join(err, to.Chmod(e.Mode.Perm()), to.Close())
}

// prune removes the contents that a tree does not have.
func (o objects) prune(tree Tree) error {
	wanted := map[string]bool{}
	for _, e := range tree {
		wanted[e.SHA256] = true
	}
	entries, err := os.ReadDir(o.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if !wanted[entry.Name()] {
			errs = append(errs, os.Remove(filepath.Join(o.folder, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// explainDisk says what to do about a disk that is full.
func explainDisk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return explainFull(err)
	}
	return err
}

func explainFull(err error) error {
	return hint.Wrap(err, "the disk of the machine is full: offshoot down and up make a new one, ec2.disk a larger one")
}
