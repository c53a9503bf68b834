package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// An Entry is one file, link or folder of a tree.
type Entry struct {
	Path   string      `json:"path"` // relative, with slashes, nothing of it leads up
	Mode   fs.FileMode `json:"mode"` // type and permissions
	Size   int64       `json:"size,omitempty"`
	SHA256 string      `json:"sha256,omitempty"` // of a file's content
	Target string      `json:"target,omitempty"` // of a link
}

// A Tree is what a folder holds, by path. It has the contents of files by
// their digests only.
type Tree []Entry

// The folders of a tree that is sent to a machine.
const (
	checkoutFolder = "checkout"
	archiveFolder  = "archive"
)

// ReadTree looks at the paths below root, and no further: what is in a folder
// has to be named too. A path that is missing is left out; one that leads out
// of the root is an error.
func ReadTree(root *os.Root, paths []string) (Tree, error) {
	var tree Tree
	for _, name := range paths {
		entry, err := readEntry(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("checkout: %w", err)
		}
		tree = append(tree, entry)
	}
	tree.sort()
	return slices.CompactFunc(tree, func(a, b Entry) bool { return a.Path == b.Path }), nil
}

func (t Tree) sort() {
	slices.SortFunc(t, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
}

// keptMode is what a machine takes over of a file's mode: no set-user-id.
const keptMode = fs.ModeDir | fs.ModeSymlink | fs.ModePerm

func readEntry(root *os.Root, name string) (Entry, error) {
	if err := checkPath(name); err != nil {
		return Entry{}, err
	}
	info, err := root.Lstat(name)
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Path: name, Mode: info.Mode() & keptMode}
	switch info.Mode().Type() {
	case 0:
		entry.SHA256, entry.Size, err = digestOf(root, name)
	case fs.ModeDir:
	case fs.ModeSymlink:
		entry.Target, err = root.Readlink(name)
	default:
		err = fmt.Errorf("%s is a %v, which cannot be sent", name, info.Mode().Type())
	}
	return entry, err
}

// checkPath refuses a path that is not strictly below where it starts.
func checkPath(name string) error {
	if !utf8.ValidString(name) {
		return hint.Usage(fmt.Errorf("the name %q is not UTF-8", name), "rename the file, or let git ignore it")
	}
	if name == "." || !fs.ValidPath(name) {
		return fmt.Errorf("path %q leads out of the checkout", name)
	}
	return nil
}

func digestOf(root *os.Root, name string) (digest string, size int64, err error) {
	file, err := root.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	sum := sha256.New()
	size, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), size, err
}

// under moves a tree below a folder.
func (t Tree) under(folder string) Tree {
	moved := make(Tree, 0, len(t))
	for _, entry := range t {
		entry.Path = path.Join(folder, entry.Path)
		moved = append(moved, entry)
	}
	return moved
}

// digest tells trees apart.
func (t Tree) digest() string {
	sum := sha256.New()
	for _, e := range t {
		fmt.Fprintf(sum, "%q %o %d %s %q\n", e.Path, e.Mode, e.Size, e.SHA256, e.Target)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// check refuses a tree that was not made by ReadTree.
func (t Tree) check() error {
	for _, e := range t {
		if err := checkPath(e.Path); err != nil {
			return err
		}
		if e.Mode.IsRegular() != (e.SHA256 != "") || e.SHA256 != "" && !isDigest(e.SHA256) || e.Size < 0 ||
			e.Mode&^keptMode != 0 {
			return fmt.Errorf("%s: not an entry of a tree", e.Path)
		}
	}
	return nil
}

func isDigest(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == sha256.Size && text == strings.ToLower(text)
}
