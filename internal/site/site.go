package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A site is the pages of a repository, by their paths there.
type site struct {
	root  string
	pages map[string][]byte
	menu  []entry
}

// An entry of the menu is a title, or a page below one.
type entry struct{ title, page string }

// left are folders whose pages are none of the site.
var left = []string{"testdata", ".github", ".git", ".cache", "bin"}

// index is the page of which the menu is made.
const index = "docs/README.md"

// load reads the pages below a folder.
func load(root string) (*site, error) {
	s := &site{root: root, pages: map[string][]byte{}}
	err := filepath.WalkDir(root, func(name string, file fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if file.IsDir() {
			if slices.Contains(left, file.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".md" || file.Name() == "comment.md" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		s.pages[filepath.ToSlash(below)] = text
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.pages[index] == nil || s.pages["README.md"] == nil {
		return nil, errors.New("there is no " + index + ", or no README.md: run it in the root of the repository")
	}
	s.menu = menuOf(string(s.pages[index]))
	return s, nil
}

var row = regexp.MustCompile(`(?m)^\| (?:\[([^\]]+)\]\(([^)]+\.md)\)|([a-z ]+)) \|`)

// menuOf reads the tables of the index: their heads are titles, their links pages.
func menuOf(text string) []entry {
	menu := []entry{{"Overview", "README.md"}}
	for _, found := range row.FindAllStringSubmatch(text, -1) {
		if found[3] != "" {
			menu = append(menu, entry{title: strings.ToUpper(found[3][:1]) + found[3][1:]})
			continue
		}
		menu = append(menu, entry{found[1], path.Join(path.Dir(index), found[2])})
	}
	return menu
}

// address is where a page is on the site.
func address(page string) string {
	if page == "README.md" {
		return "index.html"
	}
	if strings.HasSuffix(page, "/README.md") {
		return strings.TrimSuffix(page, "README.md") + "index.html"
	}
	return strings.TrimSuffix(page, ".md") + ".html"
}

// source is where a file is that is none of the site.
const source = "https://github.com/offshoot-dev/offshoot/blob/main/"

// lead is a link of a page, as it has to be on the site.
func (s *site) lead(page, link string) string {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "#") || strings.HasPrefix(link, "mailto:") {
		return link
	}
	target, fragment, marked := strings.Cut(link, "#")
	to := path.Join(path.Dir(page), target)
	switch {
	case s.pages[to] != nil:
		to = relative(address(page), address(to))
	case shipped(to):
		to = relative(address(page), to)
	default:
		return source + to
	}
	if marked {
		to += "#" + fragment
	}
	return to
}

// shipped tells whether a file is on the site as it is.
func shipped(name string) bool {
	ext := path.Ext(name)
	return ext == ".svg" || ext == ".png" || strings.HasSuffix(name, ".schema.json")
}

// relative is the way from one page to another.
func relative(from, to string) string {
	up := strings.Repeat("../", strings.Count(from, "/"))
	for {
		first, rest, ok := strings.Cut(from, "/")
		if !ok || !strings.HasPrefix(to, first+"/") {
			return up + to
		}
		from, to, up = rest, strings.TrimPrefix(to, first+"/"), strings.TrimPrefix(up, "../")
	}
}

// write makes the site in a folder.
func (s *site) write(folder string) error {
	for page := range s.pages {
		html, err := s.html(page)
		if err != nil {
			return err
		}
		if err := put(folder, address(page), html); err != nil {
			return err
		}
	}
	if err := put(folder, "style.css", []byte(style)); err != nil {
		return err
	}
	docs := filepath.Join(s.root, "docs")
	return filepath.WalkDir(docs, func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() || !shipped(name) {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(s.root, name)
		if err != nil {
			return err
		}
		return put(folder, filepath.ToSlash(below), content)
	})
}

func put(folder, name string, content []byte) error {
	name = filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}
