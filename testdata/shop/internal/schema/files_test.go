package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFiles_EverySetHoldsTheOnesBefore(t *testing.T) {
	for set, want := range map[Set]int{Production: 6, PullRequest: 9, Broken: 10} {
		folder, err := set.files()
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(folder, "*.sql")
		if err != nil || len(names) != want || !slices.IsSorted(names) {
			t.Errorf("%s has %v, %v; want %d in order", set, names, err, want)
		}
		for i, name := range names {
			if !strings.HasPrefix(name, fmt.Sprintf("%04d_", i+1)) {
				t.Errorf("migration %d is %s", i+1, name)
			}
		}
	}
	for _, unknown := range []Set{"", "staging", "Production", "../production"} {
		if _, err := unknown.files(); !errors.Is(err, ErrSet) {
			t.Errorf("%q: got %v, want ErrSet", unknown, err)
		}
	}
}

func TestFiles_SayHowToGoUpAndDown(t *testing.T) {
	folder, err := Broken.files()
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		up, down := strings.Index(string(text), "-- +goose Up\n"), strings.Index(string(text), "-- +goose Down\n")
		if up != 0 || down < up {
			t.Errorf("%s: up at %d, down at %d", name, up, down)
		}
		if begin, end := strings.Count(string(text), "StatementBegin"), strings.Count(string(text),
			"StatementEnd"); begin != end {
			t.Errorf("%s begins %d statements and ends %d", name, begin, end)
		}
		if regexp.MustCompile(`(?i)\bIF (NOT )?EXISTS\b`).Match(text) {
			t.Errorf("%s hides what was there before", name)
		}
	}
}

func TestUnion_FindsEachFileWhereItIs(t *testing.T) {
	folder, err := PullRequest.files()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"0001_base.sql", "0008_wishlists.sql"} {
		if _, err := fs.Stat(folder, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"0010_broken.sql", "none.sql", "production/0001_base.sql"} {
		if _, err := folder.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want not exist", name, err)
		}
	}
	if _, err := folder.Open("../schema.go"); err == nil {
		t.Error("a file outside the folders was opened")
	}
	if _, err := fs.Glob(folder, "[*"); err == nil {
		t.Error("a bad pattern is accepted")
	}
}
