package worktree

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Divide gives each path to the innermost of the folders that holds it, and
// says where it comes to lie: in a folder that is named by the number of its
// part. A part has nothing of another that lies within it, but for the empty
// folder at its place. An empty name is no part. Entries are sorted, and have
// the parts' own folders and all between.
func Divide(parts, paths []string) []Entry {
	wanted := map[Entry]bool{}
	for i, part := range parts {
		if part == "" {
			continue
		}
		if outer := innermost(parts, path.Dir(part)); part != "." && outer >= 0 {
			addWithParents(wanted, parts, outer, part)
		}
		wanted[Entry{From: part, To: strconv.Itoa(i)}] = true
	}
	for _, p := range paths {
		i := innermost(parts, p)
		if i < 0 || ownedByGit(p) || parts[i] == p {
			continue
		}
		addWithParents(wanted, parts, i, p)
	}
	entries := make([]Entry, 0, len(wanted))
	for e := range wanted {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.To, b.To) })
	return entries
}

// Of tells which part an entry is of.
func (e Entry) Of() int {
	number, _, _ := strings.Cut(e.To, "/")
	i, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return i
}

// addWithParents adds a path, and the folders between it and the part.
func addWithParents(wanted map[Entry]bool, parts []string, i int, p string) {
	for ; p != parts[i] && p != "."; p = path.Dir(p) {
		e := Entry{From: p, To: path.Join(strconv.Itoa(i), below(parts[i], p))}
		if wanted[e] {
			return
		}
		wanted[e] = true
	}
}

// innermost finds the part that holds a path, the one that lies deepest; -1:
// none does.
func innermost(parts []string, p string) int {
	best := -1
	for i, part := range parts {
		if part != "" && holds(part, p) && (best < 0 || holds(parts[best], part)) {
			best = i
		}
	}
	return best
}

func holds(part, p string) bool {
	return part == "." || p == part || strings.HasPrefix(p, part+"/")
}

func below(part, p string) string {
	if part == "." {
		return p
	}
	return strings.TrimPrefix(strings.TrimPrefix(p, part), "/")
}

// ownedByGit tells git's own files: they say where the repository is, and git
// runs what they name.
func ownedByGit(p string) bool {
	return slices.ContainsFunc(strings.Split(p, "/"), func(name string) bool { return strings.EqualFold(name, ".git") })
}

// A Look is what is known of entries without reading what is in files.
type Look struct {
	// Fingerprint tells whether a copy would be another one than the last:
	// whoever changes a file changes its time of change, which cannot be set.
	Fingerprint string
	Entries     int
	Bytes       int64
	// LeftOut are named pipes, sockets and devices, which no copy has.
	LeftOut []string
}

// LookAt looks at the entries below a folder. What is gone is left out.
func LookAt(root *os.Root, entries []Entry) (Look, error) {
	sum := sha256.New()
	var seen Look
	for _, e := range entries {
		info, err := root.Lstat(e.From)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Look{}, err
		}
		seen.Entries++
		if info.IsDir() { // changes with what is in it, which may be of no concern
			uid, gid := owner(info)
			fmt.Fprintf(sum, "%q %o %d %d\n", e.To, info.Mode(), uid, gid)
			continue
		}
		if !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
			seen.LeftOut = append(seen.LeftOut, e.From)
		}
		seen.Bytes += info.Size()
		fmt.Fprintf(sum, "%q %o %d %d %d\n", e.To, info.Mode(), info.Size(), info.ModTime().UnixNano(), identity(info))
	}
	seen.Fingerprint = hex.EncodeToString(sum.Sum(nil))
	return seen, nil
}

// Identity tells a folder from every other one on the same computer, by
// whichever way it was reached.
func Identity(root *os.Root) (string, error) {
	info, err := root.Stat(".")
	if err != nil {
		return "", err
	}
	return fmt.Sprint(identity(info)), nil
}
