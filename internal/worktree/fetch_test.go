package worktree_test

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// served is a repository at an address that wants a token, and what was asked of it.
func served(t *testing.T, dir string) (address string, asked *[]string) {
	t.Helper()
	backend := filepath.Join(git(t, dir, "--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("git has no server here")
	}
	handler := &cgi.Handler{
		Path:       backend,
		Env:        []string{"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "HOME=" + t.TempDir()},
		InheritEnv: []string{"PATH"},
	}
	asked = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		*asked = append(*asked, r.URL.Path+" "+password)
		if password != "hunter2" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(dir) + "/.git", asked
}

func TestFetch_BringsOneCommitIntoARepositoryOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := repository(t)
	commit(t, dir, "before")
	put(t, dir, "a.txt", "wanted")
	wanted := commit(t, dir, "wanted")
	put(t, dir, "a.txt", "later")
	commit(t, dir, "later")
	address, _ := served(t, dir)
	folder := t.TempDir()
	if err := worktree.Fetch(t.Context(), address, "hunter2", wanted, folder); err != nil {
		t.Fatal(err)
	}
	files, err := exported(t, folder, wanted)
	if err != nil || read(t, files, "a.txt") != "wanted" {
		t.Errorf("%v", err)
	}
	if n := git(t, folder, "rev-list", "--count", wanted); n != "1" {
		t.Errorf("%s commits were fetched", n)
	}
	text := read(t, folder, ".git/config")
	if strings.Contains(text, "hunter2") || strings.Contains(text, "remote") {
		t.Errorf("configuration: %s", text)
	}
	err = worktree.Fetch(t.Context(), address, "hunter1", wanted, t.TempDir())
	if err == nil || strings.Contains(err.Error(), "hunter1") {
		t.Errorf("with a wrong token: %v", err)
	}
}

// The token of a job belongs to the forge, whatever an answer or a checkout says.
func TestHostile_ARepositoryWantsTheTokenThatMainIsFetchedWith(t *testing.T) {
	t.Parallel()
	dir, ran := repository(t), filepath.Join(t.TempDir(), "ran")
	of := commit(t, dir, "x")
	elsewhere, asked := served(t, dir)
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, _, _ := strings.Cut(r.URL.RequestURI(), "/info/")
		http.Redirect(w, r, elsewhere+strings.TrimPrefix(r.URL.RequestURI(), to), http.StatusFound)
	}))
	t.Cleanup(forge.Close)
	for _, address := range []string{
		forge.URL + "/shop.git", "ext::touch " + ran, "ssh://h/x", "file://" + dir, "-c", dir, "http://u:p@h/x",
		"--upload-pack=touch " + ran,
	} {
		if err := worktree.Fetch(t.Context(), address, "hunter2", of, t.TempDir()); err == nil {
			t.Errorf("%s was fetched from", address)
		}
	}
	if err := worktree.Fetch(t.Context(), elsewhere, "hunter2", "--upload-pack=touch "+ran, t.TempDir()); err == nil {
		t.Error("an option is a commit")
	}
	if len(*asked) > 0 {
		t.Errorf("the other server was asked: %q", *asked)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("something was run")
	}
}
