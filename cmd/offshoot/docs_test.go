package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are all pages that people read, by their paths from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir("../..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "../.." && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".github" {
			return fs.SkipDir
		}
		if filepath.Ext(name) != ".md" || entry.Name() == "comment.md" {
			return nil
		}
		text, err := os.ReadFile(name)
		texts[strings.TrimPrefix(filepath.ToSlash(name), "../../")] = string(text)
		return err
	})
	if err != nil || len(texts) < 15 {
		t.Fatalf("%d pages: %v", len(texts), err)
	}
	return texts
}

var (
	fenced   = regexp.MustCompile("(?ms)^```(sh|console|)\n(.*?)^```$")
	inline   = regexp.MustCompile("`([^`]+)`")
	betweens = regexp.MustCompile(`\s(?:&&|\|\||\||;)\s`)
)

// commandsIn are the command lines of a page: those of blocks, and those between backquotes in the text.
func commandsIn(page string) []string {
	var lines []string
	for _, block := range fenced.FindAllStringSubmatch(page, -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(block[2], "\\\n", " "), "\n") {
			command, prompted := strings.CutPrefix(line, "$ ")
			if block[1] == "sh" || prompted || block[1] == "" {
				lines = append(lines, command)
			}
		}
	}
	text := strings.ReplaceAll(fenced.ReplaceAllString(page, ""), "\n", " ")
	for _, span := range inline.FindAllStringSubmatch(text, -1) {
		lines = append(lines, span[1])
	}
	var commands []string
	for _, line := range lines {
		line, _, _ = strings.Cut(line, " #")
		for _, command := range betweens.Split(line, -1) {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	return commands
}

// words cuts a command line as a shell does, as far as the pages need it.
func words(line string) []string {
	var words []string
	for _, found := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, found[1]+found[2]+found[3])
	}
	return words
}

// What a page tells people to type is taken by the command line of today.
func TestDocs_NameCommandsAndFlagsThatThereAre(t *testing.T) {
	checked := 0
	for page, text := range pages(t) {
		if page == "CHANGELOG.md" { // tells of what was
			continue
		}
		for _, command := range commandsIn(text) {
			args := words(command)
			for len(args) > 0 && regexp.MustCompile(`^[A-Z_]+=`).MatchString(args[0]) {
				args = args[1:]
			}
			if len(args) < 2 || filepath.Base(args[0]) != "offshoot" || strings.HasPrefix(args[1], "[") {
				continue
			}
			checked++
			checkCommand(t, page, command, args[1:])
		}
	}
	if checked < 55 {
		t.Errorf("only %d commands were looked at", checked)
	}
}

func checkCommand(t *testing.T, page, command string, args []string) {
	t.Helper()
	a := &app{lookup: func(string) (string, bool) { return "", false }}
	found, rest, err := a.root().Find(args)
	if err != nil || !found.HasParent() && !strings.HasPrefix(args[0], "-") {
		t.Errorf("%s: %s: there is no such command", page, command)
		return
	}
	rest = slices.DeleteFunc(rest, func(arg string) bool { return arg == "…" || arg == "..." })
	if found.DisableFlagParsing {
		return
	}
	found.InitDefaultHelpFlag()
	if err := found.ParseFlags(rest); err != nil && !strings.Contains(err.Error(), "needs an argument") &&
		!strings.Contains(err.Error(), "invalid argument") {
		t.Errorf("%s: %s: %v", page, command, err)
	}
}

// A service's own command is one that the sample has: its image has no shell, so nothing else can be run.
func TestDocs_RunCommandsThatTheSampleHas(t *testing.T) {
	source, err := os.ReadFile("../../testdata/shop/command.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for page, text := range pages(t) {
		for _, found := range regexp.MustCompile(`[^\w]/shop (\w+)`).FindAllStringSubmatch(text, -1) {
			seen++
			if !strings.Contains(string(source), `newFlags("`+found[1]+`"`) {
				t.Errorf("%s runs /shop %s, which the sample has not", page, found[1])
			}
		}
	}
	if seen == 0 {
		t.Error("no page runs a command of the sample")
	}
}

func TestDocs_NameTargetsThatMakeHas(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for page, text := range pages(t) {
		if page == "CHANGELOG.md" || strings.HasPrefix(page, "examples/") {
			continue
		}
		for _, command := range commandsIn(text) {
			args := words(command)
			for len(args) > 0 && strings.Contains(args[0], "=") {
				args = args[1:]
			}
			if len(args) < 2 || args[0] != "make" {
				continue
			}
			for _, target := range args[1:] {
				if !strings.Contains(target, "=") && !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("%s: make %s: there is no such target", page, target)
				}
			}
		}
	}
}

// Tables that pages show have the columns that tables of the program have.
func TestDocs_ShowTablesWithTheColumnsOfToday(t *testing.T) {
	var code strings.Builder
	for _, folder := range []string{".", "../../subset", "../../internal", "../../provision"} {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			code.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	heads := 0
	for page, text := range pages(t) {
		if !strings.HasPrefix(page, "docs/") {
			continue
		}
		for _, block := range fenced.FindAllStringSubmatch(text, -1) {
			lines := strings.Split(block[2], "\n")
			for i, line := range lines {
				cells := regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(line), -1)
				headed := i == 0 || lines[i-1] == "" || strings.HasPrefix(lines[i-1], "$ offshoot ")
				if !headed || len(cells) < 3 || strings.Contains(line, "→") || strings.HasPrefix(line, "offshoot ") {
					continue
				}
				heads++
				for _, cell := range cells {
					if !strings.Contains(code.String(), `"`+cell+`"`) {
						t.Errorf("%s shows a column %q, which no table has", page, cell)
					}
				}
			}
		}
	}
	if heads < 7 {
		t.Errorf("only %d tables", heads)
	}
}
