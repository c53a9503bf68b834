package store

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSeries_KnowsTheNewestAndKeepsTheLast(t *testing.T) {
	b, s := newBucket(t)
	f, err := ParseSeries("s3://archives/nightly/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Newest(t.Context(), f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	first := time.Date(2026, 3, 1, 3, 15, 0, 0, time.FixedZone("", 3600))
	for day := range 5 {
		b.objects[f.At(first.AddDate(0, 0, day)).Key] = ours()
	}
	others := []string{
		"nightly/20260309T021500Z.sql.zst.part", "nightly/shop.sql.zst", "nightly/old/20260310T021500Z.sql.zst",
		"20260311T021500Z.sql.zst", "nightly/20269999T021500Z.sql.zst",
	}
	for _, key := range others {
		b.objects[key] = ours()
	}
	foreign := "nightly/20260101T021500Z.sql.zst" // named as ours are, and not put there by us
	b.objects[foreign] = object{}
	newest, err := s.Newest(t.Context(), f)
	if err != nil || newest.Key != "nightly/20260305T021500Z.sql.zst" || !newest.Begun.Equal(first.AddDate(0, 0, 4)) {
		t.Errorf("%+v, %v", newest, err)
	}
	for _, want := range []int{3, 0} {
		if n, err := s.Prune(t.Context(), f, 2, newest.Location); n != want || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
	}
	late := f.At(first.AddDate(0, 0, 3)) // begun before the newest, and done after it
	if n, err := s.Prune(t.Context(), f, 1, late); n != 0 || err != nil {
		t.Errorf("the one that was just made: removed %d, %v", n, err)
	}
	if n, err := s.Prune(t.Context(), f, 0, newest.Location); n != 1 || err != nil {
		t.Errorf("keeping none removed %d, %v", n, err)
	}
	wanted := append(slices.Clone(others), foreign, newest.Key)
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, slices.Sorted(maps.Keys(b.objects))); diff != "" {
		t.Error(diff)
	}
	b.fault = func(string, int) fault { return denied }
	if _, err := s.Prune(t.Context(), f, 2, newest.Location); err == nil {
		t.Error("whoever may not list has pruned")
	}
}

// ours is an object as Upload puts it there.
func ours() object { return object{meta: strings.Repeat("0", 64)} }

func TestParseSeries_TakesFoldersAlone(t *testing.T) {
	for text, want := range map[string]Series{
		"s3://b/": {Bucket: "b"}, "s3://b/a/c/": {Bucket: "b", Folder: "a/c/"},
	} {
		if got, err := ParseSeries(text); got != want || err != nil || got.String() != text || !IsSeries(text) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"s3://b/key", "s3:///a/", "b/a/", "s3://b//"} {
		if got, err := ParseSeries(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
