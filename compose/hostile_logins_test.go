package compose

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// wantsLogin is a registry that has nothing, and asks everybody who they are.
type wantsLogin struct {
	host  string
	mutex sync.Mutex
	asked int
	heard []string // what is said to it in Authorization
}

func newWantsLogin(t *testing.T) *wantsLogin {
	t.Helper()
	w := &wantsLogin{}
	server := httptest.NewServer(http.HandlerFunc(func(reply http.ResponseWriter, req *http.Request) {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.asked++
		if said := req.Header.Get("Authorization"); said != "" {
			w.heard = append(w.heard, said)
		}
		reply.Header().Set("WWW-Authenticate", `Basic realm="stranger"`)
		reply.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	w.host = strings.TrimPrefix(server.URL, "http://")
	return w
}

// use pulls an image of the registry, and builds from another, on an engine
// whose user has a login for it.
func (w *wantsLogin) use(t *testing.T, distrust bool) {
	t.Helper()
	config := t.TempDir()
	t.Setenv("DOCKER_CONFIG", config)
	login := base64.StdEncoding.EncodeToString([]byte("ci:hunter2"))
	content := `{"auths":{"` + w.host + `":{"auth":"` + login + `"}}}`
	if err := os.WriteFile(filepath.Join(config, "config.json"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	engine, err := Connect(t.Context())
	if errors.Is(err, ErrEngineDown) && os.Getenv("CI") == "" {
		t.Skipf("no engine: %v", hint.Of(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte("FROM "+w.host+"/base:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if distrust {
		engine.Distrust()
		engine.AddLogins(map[string]Login{w.host: {Username: "ci", Password: "hunter2"}})
	}
	s := NewStack(engine, &types.Project{Name: "stranger", WorkingDir: folder, Services: types.Services{
		"pulled": {Name: "pulled", Image: w.host + "/image:1"},
		"built": {
			Name: "built", Image: "offshoot/stranger-built:1",
			Build: &types.BuildConfig{Context: folder, Dockerfile: "Dockerfile"},
		},
	}}, nil)
	for _, service := range []string{"pulled", "built"} {
		if err := s.Fetch(t.Context(), []string{service}); err == nil {
			t.Errorf("%s: nothing is wrong", service)
		}
	}
}

func TestHostile_ARegistryOfAStrangersChoiceWantsTheLoginForIt(t *testing.T) {
	w := newWantsLogin(t)
	w.use(t, false)
	w.mutex.Lock()
	told := len(w.heard)
	w.heard, w.asked = nil, 0
	w.mutex.Unlock()
	if told == 0 {
		t.Fatal("whom we trust is not logged in: the test looks in the wrong place")
	}
	w.use(t, true)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.asked == 0 || len(w.heard) > 0 {
		t.Errorf("%d requests, %d with an Authorization", w.asked, len(w.heard))
	}
}

func TestHostile_ABuildOfAStrangerWantsSecretsAndAgents(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "/nowhere")
	p := &types.Project{Secrets: types.Secrets{"token": {Content: "hunter2"}}}
	b := &types.BuildConfig{
		Secrets: []types.ServiceSecretConfig{{Source: "token"}},
		SSH:     types.SSHConfig{{ID: "default"}},
	}
	engine := &Engine{}
	engine.Distrust()
	if given, err := NewStack(engine, p, nil).attachables(b); err != nil || len(given) > 0 {
		t.Errorf("the builder may ask for %d things, %v", len(given), err)
	}
}
