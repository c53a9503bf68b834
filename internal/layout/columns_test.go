package layout

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is how wide a line may be, a tab being four.
const columns = 120

// padding is what gofmt puts into a line to align it with its neighbours.
var padding = regexp.MustCompile(`(\S) {2,}`)

func tooWide(line string) bool {
	line = padding.ReplaceAllString(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    "), "$1 ")
	return utf8.RuneCountInString(line) > columns
}

// What cannot be broken may be wide: a text between backquotes or before a colon, a line of which one word is most.
func TestFiles_FitIntoTheWindow(t *testing.T) {
	for _, s := range tree(t) {
		whole := unbreakable(s.text)
		for i, line := range strings.Split(s.text, "\n") {
			if tooWide(line) && !whole[i+1] && !oneWord(line) {
				t.Errorf("%s:%d is wider than %d columns", s.path, i+1, columns)
			}
		}
	}
}

// unbreakable are the lines that a raw string touches, and those that begin with a text as a key.
func unbreakable(text string) map[int]bool {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, 0)
	lines := map[int]bool{}
	for before := token.EOF; ; {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			return lines
		}
		if kind == token.COLON && (before == token.STRING || before == token.RPAREN) {
			lines[files.Position(pos).Line] = true
		}
		before = kind
		if kind == token.STRING && literal[0] == '`' {
			first := files.Position(pos).Line
			for line := range strings.Count(literal, "\n") + 1 {
				lines[first+line] = true
			}
		}
	}
}

func oneWord(line string) bool {
	longest := slices.MaxFunc(strings.Fields(line), func(a, b string) int { return len(a) - len(b) })
	return len(longest) > columns/2
}

// Tables and what stands as it is typed or printed are as wide as they are.
func TestDocs_FitIntoTheWindow(t *testing.T) {
	dir := root(t)
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") && name != dir {
			return fs.SkipDir
		}
		if filepath.Ext(name) != ".md" || entry.Name() == "comment.md" { // that one is a recording
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		fenced := false
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
			}
			if !fenced && !strings.HasPrefix(line, "|") && tooWide(line) && !oneWord(line) {
				t.Errorf("%s:%d is wider than %d columns", filepath.Base(name), i+1, columns)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
