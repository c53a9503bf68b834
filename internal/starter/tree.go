package starter

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	maxDepth = 6      // folders below the checkout that are looked into
	maxFiles = 20_000 // files that are listed
	maxRead  = 64 << 10
)

// tree is the files of a checkout that people wrote.
type tree struct {
	root  *os.Root // no link leads out of it
	files []string // slash-separated, relative, the least deep first
}

// generated are folders of what tools made or fetched.
var generated = regexp.MustCompile(`^(\..*|node_modules|vendor|venv|env|dist|build|target|out|coverage|__pycache__|site-packages)$`)

var errEnough = errors.New("enough files")

func list(dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root}
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // a folder that may not be read says nothing
		case entry.IsDir() && name != "." && (generated.MatchString(entry.Name()) || depth(name) > maxDepth):
			return fs.SkipDir
		case entry.Type().IsRegular():
			t.files = append(t.files, name)
		}
		if len(t.files) >= maxFiles {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, errors.Join(err, root.Close())
	}
	slices.SortStableFunc(t.files, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return t, nil
}

func (t *tree) close() { _ = t.root.Close() }

// matching lists the files that pass.
func (t *tree) matching(pass func(name string) bool) []string {
	var found []string
	for _, name := range t.files {
		if pass(name) {
			found = append(found, name)
		}
	}
	return found
}

// named is the first file with one of the base names; "" without any.
func (t *tree) named(names ...string) string {
	for _, name := range t.files {
		if slices.Contains(names, path.Base(name)) {
			return name
		}
	}
	return ""
}

func (t *tree) has(name string) bool { return slices.Contains(t.files, path.Clean(name)) }

// hasDefault tells whether Compose finds a file by itself.
func (t *tree) hasDefault() bool {
	return t.has("compose.yaml") || t.has("compose.yml") || t.has("docker-compose.yaml") || t.has("docker-compose.yml")
}

// hasFolder tells whether any file lies in the folder or below it.
func (t *tree) hasFolder(folder string) bool {
	folder = path.Clean(folder) + "/"
	return slices.ContainsFunc(t.files, func(name string) bool { return strings.HasPrefix(name, folder) })
}

// text is the beginning of a file; empty when it cannot be read.
func (t *tree) text(name string) string {
	file, err := t.root.Open(filepath.FromSlash(name))
	if err != nil {
		return ""
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxRead))
	if err != nil {
		return ""
	}
	return string(content)
}

// mostSaying is the first file of the folder in which most files, named so,
// contain the text.
func (t *tree) mostSaying(text string, named *regexp.Regexp) string {
	best, count := "", map[string]int{}
	first := map[string]string{}
	for _, name := range t.files {
		if !named.MatchString(name) || !strings.Contains(t.text(name), text) {
			continue
		}
		folder := path.Dir(name)
		if first[folder] == "" {
			first[folder] = name
		}
		if count[folder]++; best == "" || count[folder] > count[best] {
			best = folder
		}
	}
	return first[best]
}

// saying is the first of the files named so that contains the text.
func (t *tree) saying(text string, named *regexp.Regexp) string {
	for _, name := range t.files {
		if named.MatchString(name) && strings.Contains(t.text(name), text) {
			return name
		}
	}
	return ""
}
