package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
	"github.com/offshoot-dev/offshoot/internal/soak"
)

// engineOf answers as an engine that holds n previews of acme/shop, each with
// three containers, two volumes beside its marker, a network and an image.
func engineOf(t *testing.T, n int) string {
	t.Helper()
	labels := func(pull int, more ...string) map[string]string {
		const prefix = "dev.offshoot."
		l := map[string]string{
			prefix + "preview": fmt.Sprintf("shop-pr-%d", pull), prefix + "project": "shop",
			prefix + "name":       fmt.Sprintf("pr-%d", pull),
			prefix + "repository": "github.com/acme/shop", prefix + "pull-request": fmt.Sprint(pull),
			prefix + "generation": "1",
			prefix + "expires":    time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			prefix + "via":        "offshoot-gateway",
		}
		for i := 0; i < len(more); i += 2 {
			l[more[i]] = more[i+1]
		}
		return l
	}
	type object map[string]any
	containers, volumes, networks, images := []object{}, []object{}, []object{}, []object{}
	for pull := 1; pull <= n; pull++ {
		for _, service := range []string{"db", "web", "worker"} {
			containers = append(containers, object{
				"Id":    fmt.Sprintf("%08d%s", pull, service),
				"Names": []string{fmt.Sprintf("/shop-pr-%d-g1-%s-1", pull, service)}, "State": "running",
				"Labels": labels(pull, "com.docker.compose.service", service),
			})
		}
		for _, name := range []string{"data", "uploads", "serving"} {
			more := []string{"dev.offshoot.volume-of", "1", "dev.offshoot.generation", ""}
			if name == "serving" {
				more = []string{"dev.offshoot.mark", "serving"}
			}
			volumes = append(volumes,
				object{
					"Name": fmt.Sprintf("shop-pr-%d-g1-%s", pull, name), "CreatedAt": "2026-03-04T12:00:00Z",
					"Labels": labels(pull, more...),
				})
		}
		networks = append(networks, object{"Name": fmt.Sprintf("shop-pr-%d-g1", pull), "Labels": labels(pull)})
		images = append(images,
			object{
				"Id": fmt.Sprint(pull), "RepoTags": []string{fmt.Sprintf("offshoot/shop-pr-%d/web:g1", pull)},
				"Labels": labels(pull),
			})
	}
	answers := map[string]any{
		"/info": object{"ID": "stand-in", "OSType": "linux", "Architecture": "x86_64"}, "/containers/json": containers,
		"/volumes": object{"Volumes": volumes}, "/networks": networks, "/images/json": images,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.44")
		w.Header().Set("Content-Type", "application/json")
		for path, answer := range answers {
			if strings.HasSuffix(r.URL.Path, path) {
				_ = json.NewEncoder(w).Encode(answer)
				return
			}
		}
		if r.URL.Path != "/_ping" {
			http.Error(w, `{"message":"no such object"}`, http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return "DOCKER_HOST=tcp://" + server.Listener.Addr().String()
}

// clone is a checkout of acme/shop.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "remote", "add", "origin", "https://github.com/acme/shop.git")
	return dir
}

// github is the environment of a job with the repository on a stand-in.
func github(t *testing.T, r *standin.Repository) []string {
	t.Helper()
	return []string{
		"GITHUB_ACTIONS=true", "GITHUB_API_URL=" + r.GitHub(t).URL + "/api/v3", "GITHUB_REPOSITORY=acme/shop",
		"GITHUB_TOKEN=" + standin.Token,
		"GITHUB_SERVER_URL=https://github.com",
	}
}

// withPulls has n open pull requests but those that are closed.
func withPulls(n int, closed ...int) *standin.Repository {
	r := &standin.Repository{}
	for pull := 1; pull <= n; pull++ {
		commit := fmt.Sprintf("%040d", pull)
		r.Put(forge.Pull{
			Number: pull, Title: "a change", Author: "ann", Commit: commit, Branch: "feature",
			Base: "main", Open: !slices.Contains(closed, pull),
		})
	}
	return r
}

func TestSweep_ManyPreviewsTakeFewCallsAndSeconds(t *testing.T) {
	t.Parallel()
	n := soak.Rounds(120, 500) // a page of a list has 100
	dir, engine, repository := clone(t), engineOf(t, n), withPulls(n, 17, 110)
	env := append(github(t, repository), engine)
	programPath(t) // is built first
	began := time.Now()
	p := start(t, dir, env, "sweep", "--dry-run", "--json")
	if code := p.ends(); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.stderr.String())
	}
	took, calls := time.Since(began), len(repository.Requests())
	var document struct{ Result sweepResult }
	if err := json.Unmarshal(p.stdout.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, r := range document.Result.Plan.Remove {
		found = append(found, r.ID+": "+r.Text)
	}
	want := []string{"shop-pr-17: pull request 17 is not open", "shop-pr-110: pull request 110 is not open"}
	if !slices.Equal(found, want) || document.Result.Plan.Kept != n-2 || !document.Result.DryRun {
		t.Errorf("would remove %q of %d", found, document.Result.Plan.Kept)
	}
	if calls > 20 || took > 30*time.Second { // 5 s on a machine with nothing else to do
		t.Errorf("%d calls, %v", calls, took)
	}
	began = time.Now()
	p = start(t, dir, env, "list")
	if code := p.ends(); code != 0 || strings.Count(p.stdout.String(), "serving") != n {
		t.Errorf("list: exit code %d: %s", code, p.stderr.String())
	}
	if after := len(repository.Requests()) - calls; after > 20 || time.Since(began) > 30*time.Second {
		t.Errorf("list: %d calls, %v", after, time.Since(began))
	}
	t.Logf("sweep: %v and %d calls; list: %v", took, calls, time.Since(began))
}

func TestSweep_RefusesListsThatCannotBeTrue(t *testing.T) {
	t.Parallel()
	dir, engine := clone(t), engineOf(t, 3)
	for name, c := range map[string]struct {
		fault func(w http.ResponseWriter, request string) bool
		says  string
	}{
		"fails": {func(w http.ResponseWriter, _ string) bool {
			http.Error(w, `{"message":"bad credentials"}`, http.StatusUnauthorized)
			return true
		}, "sweep: list the open pull requests: "},
		"is empty": {func(w http.ResponseWriter, request string) bool {
			empty := strings.HasSuffix(request, "/pulls")
			if empty {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte("[]"))
			}
			return empty
		}, "the list of open pull requests lacks 1, which is open: nothing is removed by it"},
	} {
		repository := withPulls(3)
		repository.Fault = c.fault
		p := start(t, dir, append(github(t, repository), engine), "sweep")
		if code := p.ends(); code != 1 || !strings.Contains(p.stderr.String(), c.says) ||
			strings.Contains(p.stdout.String(), "\nremoved") {
			t.Errorf("%s: exit code %d: %s%s", name, code, p.stdout.String(), p.stderr.String())
		}
	}
}

func TestSweep_WithoutATokenSaysSo(t *testing.T) {
	t.Parallel()
	dir := clone(t)
	summary := filepath.Join(dir, "summary.md")
	p := start(t, dir,
		[]string{engineOf(t, 2), "GITHUB_TOKEN=", "GH_TOKEN=", "GITHUB_ACTIONS=", "GITHUB_STEP_SUMMARY=" + summary},
		"sweep")
	if code := p.ends(); code != 0 ||
		!strings.Contains(p.stderr.String(),
			"no token for github: pull requests are not asked for, only what has expired goes") ||
		!strings.Contains(p.stderr.String(), "nothing to remove, 2 stay") {
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	if text, err := os.ReadFile(summary); err != nil ||
		!strings.HasPrefix(string(text), "### offshoot sweep: nothing to remove, 2 stay\n") {
		t.Errorf("summary %q, %v", text, err)
	}
}

func TestSweep_AMachineOfItsOwnHasNoCacheToKeep(t *testing.T) {
	t.Chdir(clone(t))
	_, errs, code := captured(t, "sweep", "--keep-cache", "20GB", "--dry-run")
	if code == exitUsage {
		t.Errorf("on this computer: %s", errs)
	}
	if err := os.WriteFile(config.Name, []byte("provider: ec2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := captured(t, "sweep", "--keep-cache", "20GB"); code != exitUsage ||
		!strings.Contains(errs, "leave it out") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
