package layout

import (
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// How many lines a file may have, and one of tests.
const longest, longestOfTests = 420, 600

func TestPackages_HaveADoc(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range tree(t) {
		if !s.test() {
			documented[s.dir()] = documented[s.dir()] || s.syntax.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", dir)
		}
	}
}

func TestPackages_AreNamedForTheDomain(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "lib", "types"}
	for _, s := range tree(t) {
		if slices.Contains(vague, s.syntax.Name.Name) {
			t.Errorf("%s: package %s says nothing about what is in it", s.path, s.syntax.Name.Name)
		}
	}
}

func TestFiles_HaveNoInit(t *testing.T) {
	for _, s := range tree(t) {
		for _, decl := range s.syntax.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function: wire it in cmd/offshoot", s.path)
			}
		}
	}
}

func TestFiles_AreShort(t *testing.T) {
	for _, s := range tree(t) {
		most := longest
		if s.test() {
			most = longestOfTests
		}
		if n := strings.Count(s.text, "\n"); n > most {
			t.Errorf("%s has %d lines, more than %d", s.path, n, most)
		}
	}
}

func TestFiles_AreFinished(t *testing.T) {
	// In pieces, so that a search for the marks does not find this file.
	marks := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b|not ` + `implemented|unimple` + `mented`)
	for _, s := range tree(t) {
		if at := marks.FindStringIndex(s.text); at != nil {
			t.Errorf("%s:%d: %q: file an issue instead", s.path, 1+strings.Count(s.text[:at[0]], "\n"),
				s.text[at[0]:at[1]])
		}
	}
}

// A path of the author's machine works on the author's machine only.
func TestFiles_NameNoFolderOfThisMachine(t *testing.T) {
	dir := root(t)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "bin") {
			return fs.SkipDir
		}
		if !slices.Contains([]string{".go", ".md", ".sh", ".txtar", ".yaml", ".yml", ".sql"}, filepath.Ext(name)) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), dir) {
			t.Errorf("%s names %s", name, dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
