package forge_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
	"github.com/offshoot-dev/offshoot/internal/forge/standin"
)

// world lets the suite change a stand-in.
type world struct {
	*standin.Repository
	mutex sync.Mutex
	last  int
}

func (w *world) Open(_ *testing.T, like forge.Pull) forge.Pull {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.last++
	p := forgetest.NewPull(w.last, fmt.Sprintf("%040x", w.last))
	p.Title, p.Draft, p.Labels, p.Fork = like.Title, like.Draft, like.Labels, like.Fork
	w.Put(p)
	return p
}

func (w *world) change(number int, change func(*forge.Pull)) forge.Pull {
	p := w.Repository.Pull(number)
	change(&p)
	w.Put(p)
	return p
}

func (w *world) Push(_ *testing.T, number int) string {
	return w.change(number, func(p *forge.Pull) { p.Commit = fmt.Sprintf("%040x", 1000+number) }).Commit
}

func (w *world) Close(_ *testing.T, number int) {
	w.change(number, func(p *forge.Pull) { p.Open = false })
}

func (w *world) Bodies(_ *testing.T, number int) []string {
	var bodies []string
	for _, c := range w.Comments(number) {
		bodies = append(bodies, c.Body)
	}
	return bodies
}

func (w *world) Say(_ *testing.T, number int, body string) {
	w.Repository.Say(number, "mallory", body)
}

func (w *world) People() (writer, reader, nobody string) { return "wendy", "rita", "nemo" }

// newWorld is a repository with a few people around it.
func newWorld() *world {
	w := &world{Repository: &standin.Repository{PageSize: 10}}
	w.Allow("wendy", "write")
	w.Allow("rita", "read")
	return w
}

// faces are the stand-ins by kind, with the path of their API.
var faces = []struct {
	kind  forge.Kind
	path  string
	serve func(*standin.Repository, testing.TB) *httptest.Server
}{
	{forge.GitHub, "/api/v3", (*standin.Repository).GitHub},
	{forge.GitLab, "/api/v4", (*standin.Repository).GitLab},
	{forge.Gitea, "", (*standin.Repository).Gitea},
}

// patient are options that wait without taking time.
func patient() forge.Options {
	return forge.Options{
		Token: standin.Token, Version: "test",
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

func open(t *testing.T, kind forge.Kind, w *world, o forge.Options) forge.Forge {
	t.Helper()
	for _, face := range faces {
		if face.kind != kind {
			continue
		}
		f, err := forge.Open(forge.Location{
			Kind: kind, API: face.serve(w.Repository, t).URL + face.path,
			Repository: standin.Owner + "/" + standin.Name,
		}, o)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	t.Fatalf("no stand-in of %s", kind)
	return nil
}

func TestForges_KeepTheContract(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		t.Run(string(face.kind), func(t *testing.T) {
			t.Parallel()
			forgetest.Conformance(t, func(t *testing.T) forgetest.Subject {
				w := newWorld()
				return forgetest.Subject{Forge: open(t, face.kind, w, patient()), World: w, Many: 25}
			})
		})
	}
}

func TestForges_CommentWithTheTokenOfAJob(t *testing.T) {
	t.Parallel()
	for kind, author := range map[forge.Kind]string{forge.GitHub: "github-actions[bot]", forge.Gitea: "gitea-actions"} {
		w := newWorld()
		w.JobToken = true
		p := w.Open(t, forge.Pull{})
		w.Say(t, p.Number, "<!-- offshoot m -->\nnot ours")
		f := open(t, kind, w, patient())
		for _, text := range []string{"one", "two"} {
			if err := f.Comment(t.Context(), p.Number, forge.Comment{Marker: "m", Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		if c := w.Comments(p.Number); len(c) != 2 || c[1].Author != author || c[1].Body != "<!-- offshoot m -->\ntwo" {
			t.Errorf("%s: comments %+v", kind, c)
		}
	}
}
