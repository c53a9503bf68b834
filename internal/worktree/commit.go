package worktree

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var commitName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// IsCommit tells whether a text is the whole name of a commit, and so nothing else to git.
func IsCommit(text string) bool { return commitName.MatchString(text) }

// Parted finds the commit at which what is checked out left a branch; empty where git does not know: the branch, or
// the commits between, are not in a shallow clone.
func Parted(ctx context.Context, root, branch string) (commit string, err error) {
	for _, ref := range []string{"refs/remotes/origin/" + branch, "refs/heads/" + branch} {
		tip, err := answer(ctx, root, "rev-parse", "--quiet", "--verify", "--end-of-options", ref+"^{commit}")
		if err != nil || !IsCommit(tip) {
			if err != nil {
				return "", err
			}
			continue
		}
		if commit, err = answer(ctx, root, "merge-base", "HEAD", tip); err != nil || IsCommit(commit) {
			return commit, err
		}
	}
	return "", nil
}

// Trunk is the name of the branch that others are merged into, as far as the clone knows.
func Trunk(ctx context.Context, root string) (string, error) {
	head, err := answer(ctx, root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
	if name, found := strings.CutPrefix(head, "origin/"); found || err != nil {
		return name, err
	}
	for _, name := range []string{"main", "master"} {
		if commit, err := Parted(ctx, root, name); err != nil || commit != "" {
			return name, err
		}
	}
	return "", nil
}

// HasCommit tells whether all files of a commit are in the clone, or may be: none is fetched.
func HasCommit(ctx context.Context, root, commit string) (bool, error) {
	if !IsCommit(commit) {
		return false, nil
	}
	tree, err := answer(ctx, root, "rev-parse", "--quiet", "--verify", "--end-of-options", commit+"^{tree}")
	return tree != "", err
}

// What an export takes at most.
const (
	mostExported      = 200_000 // files
	mostExportedBytes = 8 << 30
)

// A blob is one file of a commit.
type blob struct{ mode, name, path string }

// Export writes the files of a commit into an empty folder: as they were committed, without anything that a
// configuration or an attribute makes of them, and without submodules.
func Export(ctx context.Context, root, commit string, into *os.Root) error {
	if !IsCommit(commit) {
		return errors.New("no commit is named")
	}
	list, err := Ask(ctx, root, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return err
	}
	blobs, err := blobsOf(list)
	if err != nil {
		return err
	}
	var names bytes.Buffer
	for _, b := range blobs {
		names.WriteString(b.name + "\n")
	}
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := writeBlobs(bufio.NewReaderSize(read, 1<<16), blobs, into)
		_ = read.CloseWithError(err)
		done <- err
	}()
	err = stream(ctx, root, &names, write, "cat-file", "--batch")
	_ = write.CloseWithError(cmp.Or(err, io.EOF))
	written := <-done
	if written != nil {
		return written
	}
	return err
}

// blobsOf reads what ls-tree lists: "mode type name<tab>path", each ended by NUL.
func blobsOf(list []byte) (blobs []blob, err error) {
	for line := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		head, name, _ := strings.Cut(line, "\t")
		words := strings.Fields(head)
		if len(words) != 3 || words[1] != "blob" {
			continue // a submodule, or nothing at all
		}
		if !IsCommit(words[2]) || !isBelow(name) {
			return nil, fmt.Errorf("a file of the commit is called %q", name)
		}
		blobs = append(blobs, blob{words[0], words[2], name})
	}
	if len(blobs) > mostExported {
		return nil, fmt.Errorf("the commit has more than %d files", mostExported)
	}
	return blobs, nil
}

// isBelow tells whether a path stays below its folder, and leads into no repository.
func isBelow(name string) bool {
	if name == "" || name != path.Clean(name) || path.IsAbs(name) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == ".." || strings.EqualFold(part, ".git")
	})
}

// writeBlobs writes what cat-file prints: "name type size", a line end, the content, a line end.
func writeBlobs(r *bufio.Reader, blobs []blob, into *os.Root) error {
	room := int64(mostExportedBytes)
	for _, b := range blobs {
		head, err := r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%s: %w", b.path, err)
		}
		words := strings.Fields(head)
		if len(words) != 3 || words[0] != b.name || words[1] != "blob" {
			return fmt.Errorf("%s is not in this clone", b.path)
		}
		size, err := strconv.ParseInt(words[2], 10, 64)
		if room -= size; err != nil || size < 0 || room < 0 {
			return errors.New("the commit is too large")
		}
		if err := b.write(io.LimitReader(r, size), into); err != nil {
			return fmt.Errorf("%s: %w", b.path, err)
		}
		if _, err := r.Discard(1); err != nil {
			return err
		}
	}
	return nil
}

func (b blob) write(content io.Reader, into *os.Root) (err error) {
	if err := into.MkdirAll(path.Dir(b.path), 0o755); err != nil {
		return err
	}
	const link, program = "120000", "100755"
	if b.mode == link {
		target, err := io.ReadAll(io.LimitReader(content, 1<<16))
		if err != nil {
			return err
		}
		return into.Symlink(string(target), b.path)
	}
	mode := os.FileMode(0o644)
	if b.mode == program {
		mode = 0o755
	}
	file, err := into.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
