package sink

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset"
)

// with makes a folder that holds such files.
func with(t *testing.T, path string, names ...string) string {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(path, name), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestPlaceable_OnlyReplacesArchives(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(with(t, filepath.Join(dir, "real"), "toc.dat"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	with(t, with(t, filepath.Join(dir, "nested"), "toc.dat")+"/1.dat")
	for path, want := range map[string]struct{ new, replaced string }{
		dir + "/absent":       {},
		dir + "/no/absent":    {"no folder", "no folder"},
		dir + "/real/toc.dat": {"is not a folder", "is not a folder"},
		dir + "/link":         {"is not a folder", "is not a folder"},
		dir + "/nested":       {"it holds 1.dat", "it holds 1.dat"},
		with(t, dir+"/empty"): {},
		with(t, dir+"/a", "toc.dat", "12.dat", "13.dat.gz", "14.dat.zst", "blob_5.dat.gz", "blobs.toc",
			"blobs_9.toc"): {"it holds an archive", ""},
		with(t, dir+"/photos", "toc.dat",
			"holiday.jpg"): {"it holds holiday.jpg", "it holds holiday.jpg"},
		with(t, dir+"/half",
			"12.dat"): {"it holds 12.dat", "it holds 12.dat"},
		with(t, dir+"/hidden", ".git",
			"toc.dat"): {"it holds .git", "it holds .git"},
	} {
		for replace, want := range map[bool]string{false: want.new, true: want.replaced} {
			err := placeable(path, replace)
			if (err == nil) != (want == "") ||
				err != nil && (!strings.Contains(err.Error(), want) || !errors.Is(err, hint.ErrUsage)) {
				t.Errorf("%s, replace %v: %v", path, replace, err)
			}
			if errors.Is(err, subset.ErrTargetNotEmpty) != (want == "it holds an archive") {
				t.Errorf("%s, replace %v: %v", path, replace, err)
			}
		}
	}
}

// made is a complete folder that has no name yet.
func made(t *testing.T, path string, replace bool) *outputFolder {
	t.Helper()
	f, err := makeFolder(path, replace)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.path, tocFile), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOutputFolder_TakesThePlaceOfNothingOfAnEmptyFolderAndOfAnArchive(t *testing.T) {
	for name, prepare := range map[string]func(path string){
		"nothing":      func(string) {},
		"empty folder": func(path string) { with(t, path) },
		"archive":      func(path string) { with(t, path, tocFile, "1.dat.gz") },
	} {
		dir, list := folder(t)
		path := filepath.Join(dir, "x")
		prepare(path)
		f := made(t, path, true)
		if old, err := os.ReadFile(filepath.Join(path, tocFile)); string(old) != "old" && !os.IsNotExist(err) {
			t.Errorf("%s: %q before it is complete", name, old)
		}
		if err := f.commit(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := errors.Join(f.discard(), f.discard()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"x"}, list()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		found, _ := os.ReadDir(path)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o700 || len(found) != 1 || found[0].Name() != tocFile {
			t.Errorf("%s: %v, %v, %v", name, info, found, err)
		}
	}
}

func TestOutputFolder_DoesNotTakeThePlaceOfWhatCameMeanwhile(t *testing.T) {
	for _, file := range []string{"mine.txt", tocFile} {
		dir, list := folder(t)
		path := filepath.Join(dir, "x")
		f := made(t, path, false)
		with(t, path, file)
		if err := f.commit(); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("got %v", err)
		}
		if err := f.discard(); err != nil {
			t.Error(err)
		}
		if got, _ := os.ReadFile(filepath.Join(path, file)); string(got) != "old" || len(list()) != 1 {
			t.Errorf("%q in %q", got, list())
		}
	}
}

func TestMakeFolder_RemovesWhatKilledRunsLeftOfTheSameTarget(t *testing.T) {
	dir, list := folder(t)
	dead, mine := deadPID(t), strconv.Itoa(os.Getpid())
	for _, name := range []string{".x.tmp" + dead + "-1", ".y.tmp" + dead + "-1", ".x.tmp" + mine + "-1", ".x.tmpdir"} {
		with(t, filepath.Join(dir, name), tocFile)
	}
	f := made(t, filepath.Join(dir, "x"), false)
	if err := f.commit(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".x.tmp" + mine + "-1", ".x.tmpdir", ".y.tmp" + dead + "-1", "x"},
		list()); diff != "" {
		t.Error(diff)
	}
}
