package provision_test

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

// relay passes connections on to the engine until it is closed, which is how
// an engine that is stopped looks from outside.
type relay struct {
	listener net.Listener
	mutex    sync.Mutex
	open     []net.Conn
}

func newRelay(t *testing.T, path, to string) *relay {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			engine, err := net.Dial("unix", to)
			if err != nil {
				_ = conn.Close()
				continue
			}
			r.mutex.Lock()
			r.open = append(r.open, conn, engine)
			r.mutex.Unlock()
			go func() { _, _ = io.Copy(conn, engine); _ = conn.Close() }()
			go func() { _, _ = io.Copy(engine, conn); _ = engine.(*net.UnixConn).CloseWrite() }()
		}
	}()
	return r
}

func (r *relay) close() {
	_ = r.listener.Close()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, conn := range r.open {
		_ = conn.Close()
	}
}

func TestUp_WhoseEngineGoesAwaySaysSoInOneLine(t *testing.T) {
	project := randomName()
	direct := machineFor(t, project)
	socket, isUnix := strings.CutPrefix(direct.Docker.Client().DaemonHost(), "unix://")
	if !isUnix {
		t.Skip("the engine is not at a unix socket")
	}
	for _, step := range []provision.Step{provision.StepImages, provision.StepLoad} {
		t.Run(string(step), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "docker.sock")
			between := newRelay(t, path, socket)
			t.Setenv("DOCKER_HOST", "unix://"+path)
			engine, err := compose.Connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close()
			f := fixtureOn(t, direct, project, 60)
			f.options.Archive = f.archive("apple")
			machine := f.engine
			machine.Docker = engine
			var failed provision.Step // the first: others run at the same time
			_, err = machine.Up(t.Context(), f.options, func(e provision.Event) {
				if e.Step == step && e.Kind == provision.Began {
					between.close()
				}
				if e.Kind == provision.Failed && failed == "" {
					failed = e.Step
				}
			})
			if !errors.Is(err, compose.ErrEngineDown) || strings.Contains(err.Error(), "\n") ||
				!strings.Contains(err.Error(), string(failed)+": ") {
				t.Errorf("error %v, failed in %q", err, failed)
			}
			if hints := hint.Of(err); len(hints) == 0 || !strings.Contains(strings.Join(hints, " "), "then retry") {
				t.Errorf("hints %q", hints)
			}
		}) // and its cleanup finds that down leaves nothing
	}
}

func TestUp_NeedsAnImageOfPostgresForTheDatabase(t *testing.T) {
	f := newFixture(t, 61)
	f.write("compose.yaml", strings.Replace(composeFile, "    image: postgres:15\n    environment: {POSTGRES_USER",
		"    build: .\n    command: [web, ':5432']\n    environment: {POSTGRES_USER", 1))
	f.built()
	f.options.Database = "db"
	_, err := f.tryUp()
	var failed *provision.StepError
	if !errors.As(err, &failed) || failed.Step != provision.StepAccept ||
		!strings.Contains(err.Error(), "its image has no pg_isready") {
		t.Errorf("error %v", err)
	}
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], "preview.database") {
		t.Errorf("hints %q", hints)
	}
	f.assertNothingLeft(t.Context())
}
