// Package worktree lists and copies what a preview may see of a work tree: what
// git sees and what the compose project names, and nothing of git's own.
//
//	List ─► AddNeeded ─► entries ─► Copy into a folder, or WriteTar
package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// List lists what git sees of a work tree: what it tracks, and what it does not
// ignore, with the work trees of submodules. A folder that is no work tree is
// listed as it is, and so is one on a computer without git. Paths are relative,
// with slashes.
func List(ctx context.Context, folder string) ([]string, error) {
	if _, err := os.Lstat(filepath.Join(folder, ".git")); errors.Is(err, fs.ErrNotExist) {
		return listFolder(folder, ".")
	}
	ignored, err := ignoredByUser(ctx)
	if err != nil {
		return nil, err
	}
	paths, err := lister{folder, ignored}.workTree(ctx, "")
	if host.NoProgram(err) {
		return listFolder(folder, ".")
	}
	return paths, err
}

// A lister lists a folder. What its user ignores everywhere is said to git.
type lister struct {
	folder  string
	ignored []string
}

func (l lister) workTree(ctx context.Context, below string) ([]string, error) {
	out, err := Ask(ctx, filepath.Join(l.folder, below), slices.Concat(l.ignored,
		[]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard"})...)
	if host.NoProgram(err) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("list the checkout: %w", err)
	}
	var paths []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if name = path.Clean(name); name == "." || !filepath.IsLocal(name) {
			continue // the end of the list, or what only an index that was made by hand has
		}
		more, err := l.entry(ctx, path.Join(below, name))
		if err != nil {
			return nil, err
		}
		paths = append(paths, more...)
	}
	return paths, nil
}

// entry follows git into a work tree of its own.
func (l lister) entry(ctx context.Context, name string) ([]string, error) {
	info, err := os.Lstat(filepath.Join(l.folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // tracked, and deleted here
	}
	if err != nil || !info.IsDir() {
		return []string{name}, err
	}
	if _, err := os.Lstat(filepath.Join(l.folder, name, ".git")); err != nil {
		return []string{name}, nil // a submodule that is not checked out
	}
	inner, err := l.workTree(ctx, name)
	return append(inner, name), err
}

// listFolder lists all that is below a folder, but nothing of git's own.
func listFolder(folder, below string) ([]string, error) {
	var paths []string
	err := fs.WalkDir(os.DirFS(folder), below, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git" && name != below:
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case name != ".":
			paths = append(paths, name)
		}
		return nil
	})
	return paths, err
}

// AddNeeded adds what a compose project reads of the checkout though git
// ignores it: files, and folders with all that is in them. Needed paths are
// absolute; what lies outside of the checkout is the machine's own.
func AddNeeded(folder string, paths, needed []string) ([]string, error) {
	known := map[string]bool{}
	for _, p := range paths {
		for ; p != "."; p = path.Dir(p) {
			known[p] = true
		}
	}
	for _, file := range needed {
		name, inside := within(folder, file)
		if !inside || known[name] {
			continue
		}
		more, err := listNeeded(folder, name)
		if err != nil {
			return nil, fmt.Errorf("checkout: %w", err)
		}
		paths = append(paths, more...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// within names a path from the folder that it lies in, by either of the
// folder's own names.
func within(folder, file string) (name string, inside bool) {
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		real = folder
	}
	for _, start := range []string{folder, real} {
		name, err := filepath.Rel(start, file)
		if err == nil && filepath.IsLocal(name) && name != "." {
			return filepath.ToSlash(name), true
		}
	}
	return "", false
}

func listNeeded(folder, name string) ([]string, error) {
	info, err := os.Lstat(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // compose makes the folder of a mount that is missing
	}
	if err != nil || !info.IsDir() {
		return []string{name}, err
	}
	return listFolder(folder, name)
}
