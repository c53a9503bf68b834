package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func made(t *testing.T) (folder string) {
	t.Helper()
	s, err := load("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	if err := s.write(folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

var (
	refs = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	ids  = regexp.MustCompile(`\bid="([^"]+)"`)
)

// Each link of the site leads to a file of the site and a heading in it, or to an address elsewhere.
func TestSite_LinksLeadSomewhere(t *testing.T) {
	folder := made(t)
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		below, _ := filepath.Rel(folder, name)
		files[filepath.ToSlash(below)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for page, text := range files {
		if path.Ext(page) != ".html" {
			continue
		}
		for _, found := range refs.FindAllStringSubmatch(text, -1) {
			looked++
			target, fragment, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := page
			if target != "" {
				to = path.Join(path.Dir(page), target)
			}
			there, ok := files[to]
			if !ok {
				t.Errorf("%s: %s leads to no file", page, found[1])
				continue
			}
			if fragment != "" && !strings.Contains(there, `id="`+fragment+`"`) {
				t.Errorf("%s: %s leads to no heading", page, found[1])
			}
		}
		seen := map[string]bool{}
		for _, id := range ids.FindAllStringSubmatch(text, -1) {
			if seen[id[1]] {
				t.Errorf("%s has two headings %s", page, id[1])
			}
			seen[id[1]] = true
		}
	}
	if looked < 1000 {
		t.Errorf("only %d links", looked)
	}
}

func TestSite_WantsNothingFromElsewhere(t *testing.T) {
	folder := made(t)
	for _, page := range []string{"index.html", "docs/index.html", "docs/start.html", "docs/reference.html"} {
		text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`<script|src="https?:|<link[^>]+href="https?:|@import`).Match(text) {
			t.Errorf("%s loads something from elsewhere", page)
		}
		if !strings.Contains(string(text), `<meta name="viewport"`) || !strings.Contains(string(text), `<nav id="menu">`) {
			t.Errorf("%s lacks its frame", page)
		}
	}
}

func TestSite_MenuHasThePagesOfTheIndex(t *testing.T) {
	s, err := load("../..")
	if err != nil {
		t.Fatal(err)
	}
	titles := 0
	for _, e := range s.menu {
		if e.page == "" {
			titles++
		} else if s.pages[e.page] == nil {
			t.Errorf("%s leads to %s, which is no page", e.title, e.page)
		}
	}
	if titles != 4 || len(s.menu) < 20 {
		t.Errorf("the menu is %v", s.menu)
	}
	for page := range s.pages {
		if path.Dir(page) == "docs" && page != index {
			found := false
			for _, e := range s.menu {
				found = found || e.page == page
			}
			if !found {
				t.Errorf("%s is not in the index", page)
			}
		}
	}
}

func TestRelative_IsTheShortestWay(t *testing.T) {
	for _, c := range [][3]string{
		{"index.html", "docs/start.html", "docs/start.html"},
		{"docs/start.html", "index.html", "../index.html"},
		{"docs/start.html", "docs/faq.html", "faq.html"},
		{"docs/design/index.html", "docs/faq.html", "../faq.html"},
		{"examples/go/index.html", "docs/ec2.html", "../../docs/ec2.html"},
	} {
		if got := relative(c[0], c[1]); got != c[2] {
			t.Errorf("from %s to %s by %s, want %s", c[0], c[1], got, c[2])
		}
	}
}
