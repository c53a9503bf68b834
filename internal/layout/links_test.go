package layout

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	fences   = regexp.MustCompile("(?ms)^```.*?^```$")
	spans    = regexp.MustCompile("`[^`]*`")
	links    = regexp.MustCompile(`\]\(([^)\s]+)(?:\s"[^"]*")?\)`)
	sources  = regexp.MustCompile(`(?:src|srcset|href)="([^"]+)"`)
	headings = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#* *$`)
	anchors  = regexp.MustCompile(`<a id="([^"]+)">`)
)

// markdown are the pages of the repository, by their paths.
func markdown(t *testing.T) map[string]string {
	t.Helper()
	dir := root(t)
	texts := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != dir && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".github" {
			return fs.SkipDir
		}
		if filepath.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(name)
		below, _ := filepath.Rel(dir, name)
		texts[filepath.ToSlash(below)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// anchorsOf are the fragments that a forge makes of the headings of a page.
func anchorsOf(text string) map[string]bool {
	known := map[string]bool{}
	for _, found := range headings.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		slug := slugOf(found[1])
		name := slug
		for n := 1; known[name]; n++ {
			name = fmt.Sprintf("%s-%d", slug, n)
		}
		known[name] = true
	}
	for _, found := range anchors.FindAllStringSubmatch(text, -1) {
		known[found[1]] = true
	}
	return known
}

func slugOf(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

// Links within the repository lead to files and headings that there are; those to elsewhere are addresses.
func TestLinks_LeadSomewhere(t *testing.T) {
	pages := markdown(t)
	looked := 0
	for page, text := range pages {
		bare := spans.ReplaceAllString(fences.ReplaceAllString(text, ""), "")
		found := append(links.FindAllStringSubmatch(bare, -1), sources.FindAllStringSubmatch(bare, -1)...)
		for _, link := range found {
			if page == "docs/images/comment.md" {
				continue // a recording
			}
			looked++
			if problem := follow(t, pages, page, link[1]); problem != "" {
				t.Errorf("%s: %s %s", page, link[1], problem)
			}
		}
	}
	if looked < 120 {
		t.Errorf("only %d links were looked at", looked)
	}
}

func follow(t *testing.T, pages map[string]string, page, link string) string {
	u, err := url.Parse(strings.Trim(link, "<>"))
	switch {
	case err != nil:
		return "is no address"
	case u.Scheme == "mailto":
		return ""
	case u.Scheme != "":
		if u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Host, ".") {
			return "is no address of a page"
		}
		return ""
	}
	target := page
	if u.Path != "" {
		target = path.Join(path.Dir(page), u.Path)
	}
	if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(target))); err != nil {
		return "leads to no file"
	}
	if text, ok := pages[target]; ok && u.Fragment != "" && !anchorsOf(text)[u.Fragment] {
		return "leads to no heading"
	}
	return ""
}

// What the program says of a page of the documentation is there.
func TestLinks_OfTheProgramLeadSomewhere(t *testing.T) {
	pages := markdown(t)
	named := regexp.MustCompile(`\b(docs/[a-z0-9/-]+\.(?:md|json))(?:#([a-z0-9-]+))?(?:, ([A-Z][A-Za-z' -]+?)[)"\x60.;])?`)
	for _, s := range tree(t) {
		if s.test() {
			continue
		}
		for _, found := range named.FindAllStringSubmatch(s.text, -1) {
			if _, err := os.Stat(filepath.Join(root(t), found[1])); err != nil {
				t.Errorf("%s names %s, which is not there", s.path, found[1])
			}
			if at := found[2]; at != "" && !anchorsOf(pages[found[1]])[at] {
				t.Errorf("%s names %s, which has no heading %s", s.path, found[1], at)
			}
			if title := found[3]; title != "" && !anchorsOf(pages[found[1]])[slugOf(title)] {
				t.Errorf("%s names %s, which has no heading %q", s.path, found[1], title)
			}
		}
	}
}
