package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

// idle runs a container that only waits, with an environment.
func idle(t *testing.T, api client.APIClient, env ...string) string {
	t.Helper()
	id := waiting(t, api, env...)
	if err := api.ContainerStart(t.Context(), id, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	return id
}

// waiting is one that does not run yet.
func waiting(t *testing.T, api client.APIClient, env ...string) string {
	t.Helper()
	created, err := api.ContainerCreate(t.Context(), &container.Config{
		Image: PostgresImage, Env: env, Entrypoint: []string{"sleep", "600"}, StopSignal: "SIGKILL",
		Labels: map[string]string{"dev.offshoot.test": "provision"},
	}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := api.ContainerRemove(ctx, created.ID,
			container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
	})
	return created.ID
}

func TestServerIn_ReadsTheAccountThatTheImageWasTold(t *testing.T) {
	api := NeedEngine(t).Client()
	cases := map[string]struct {
		env  []string
		want server
	}{
		"nothing": {nil, server{user: "postgres", database: "postgres"}},
		"user": {
			[]string{"POSTGRES_USER=shop", "POSTGRES_PASSWORD=a=b c"},
			server{user: "shop", database: "shop", password: "a=b c"},
		},
		"all": {
			[]string{"POSTGRES_USER=u", "POSTGRES_DB=d", "POSTGRES_PASSWORD=p"},
			server{user: "u", database: "d", password: "p"},
		},
		"database": {[]string{"POSTGRES_DB=d"}, server{user: "postgres", database: "d"}},
		"files": {
			[]string{"POSTGRES_USER_FILE=/tmp/user", "POSTGRES_PASSWORD_FILE=/tmp/password"},
			server{user: "from file", database: "from file", password: "s3cret"},
		},
		"bitnami": {
			[]string{"POSTGRESQL_USERNAME=u", "POSTGRESQL_DATABASE=d", "POSTGRESQL_PASSWORD_FILE=/tmp/password"},
			server{user: "u", database: "d", password: "s3cret"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			id := waiting(t, api, c.env...)
			if strings.Contains(strings.Join(c.env, " "), "_FILE=") {
				putIn(t, api, id, map[string]string{"user": "from file\n", "password": "s3cret\n"})
				if err := api.ContainerStart(t.Context(), id, container.StartOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := serverIn(t.Context(), api, id)
			if err != nil {
				t.Fatal(err)
			}
			c.want.container = id
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(server{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// putIn writes files to /tmp in a container, which need not run.
func putIn(t *testing.T, api client.APIClient, id string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		content, err := fileArchive(name, []byte(text))
		if err == nil {
			err = api.CopyToContainer(t.Context(), id, "/tmp", content, container.CopyToContainerOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestServerIn_SaysWhichFileIsMissing(t *testing.T) {
	api := NeedEngine(t).Client()
	id := idle(t, api, "POSTGRES_PASSWORD_FILE=/run/secrets/nothing")
	_, err := serverIn(t.Context(), api, id)
	if err == nil || !strings.Contains(err.Error(), "/run/secrets/nothing") {
		t.Errorf("error %v", err)
	}
	if _, err := serverIn(t.Context(), api, "no-such-container"); err == nil {
		t.Error("no error for a container that is not there")
	}
}

func TestServer_HasAnotherDatabaseToBeInAndHidesItsPassword(t *testing.T) {
	for database, want := range map[string]string{"shop": "postgres", "postgres": "template1"} {
		if got := (server{database: database}).maintenance(); got != want {
			t.Errorf("%s: %s", database, got)
		}
	}
	s := server{user: "u", database: "d", password: "s3cret"}
	for _, custom := range []bool{true, false} {
		c := loadCommand(s, &content{Reader: strings.NewReader(""), custom: custom})
		if strings.Contains(strings.Join(c.argv, " "), "s3cret") || len(c.env) != 1 {
			t.Errorf("command %q, environment %q", c.argv, c.env)
		}
		if want := map[bool]string{true: "pg_restore", false: "psql"}[custom]; c.argv[0] != want {
			t.Errorf("client %s, want %s", c.argv[0], want)
		}
	}
	if env := (server{}).env(); env != nil {
		t.Errorf("without a password: %q", env)
	}
}

func TestAcceptsSoon_OfASilentServerIsAnAnswer(t *testing.T) {
	engine := NeedEngine(t)
	r := new(filling)
	r.Docker, r.server = engine, server{user: "u", database: "d"}
	asked, err := r.acceptsSoon(t.Context(), seenContainer{ID: idle(t, engine.Client())})
	if !asked || err == nil || !strings.HasPrefix(err.Error(), "pg_isready: exit 2") {
		t.Errorf("asked %v, %v", asked, err)
	}
}

// All commands are run in one container.
func TestRunIn(t *testing.T) {
	api := NeedEngine(t).Client()
	id := idle(t, api)
	t.Run("PassesInputOutputAndTheExitCode", func(t *testing.T) { passes(t, api, id) })
	t.Run("EndsWithACommandThatDoesNotReadItsInput", func(t *testing.T) { endsUnread(t, api, id) })
	t.Run("SaysThatItsInputBrokeAndThatItWasInterrupted", func(t *testing.T) { saysBroken(t, api, id) })
}

func passes(t *testing.T, api client.APIClient, id string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code, err := runIn(t.Context(), api, id, command{
		argv: []string{"sh", "-c", `cat; echo "$WORD" >&2; exit 5`}, env: []string{"WORD=aside"},
		stdin: strings.NewReader("through"), stdout: &stdout, stderr: &stderr,
	})
	if err != nil || code != 5 || stdout.String() != "through" || stderr.String() != "aside\n" {
		t.Errorf("exit %d, %q, %q, %v", code, stdout.String(), stderr.String(), err)
	}
	if got, err := outputOf(t.Context(), api, id, "echo", "$HOME; *"); err != nil || got != "$HOME; *" {
		t.Errorf("an argument became %q, %v", got, err)
	}
	if _, err := outputOf(t.Context(), api, id, "sh", "-c", "echo why >&2; exit 3"); err == nil ||
		err.Error() != "sh: exit 3: why" {
		t.Errorf("error %v", err)
	}
}

func endsUnread(t *testing.T, api client.APIClient, id string) {
	t.Helper()
	endless := readerFunc(func(p []byte) (int, error) { clear(p); return len(p), nil })
	code, err := runIn(t.Context(), api, id, command{argv: []string{"sh", "-c", "exit 4"}, stdin: endless})
	if err != nil || code != 4 {
		t.Errorf("exit %d, %v", code, err)
	}
}

func saysBroken(t *testing.T, api client.APIClient, id string) {
	t.Helper()
	broken := io.MultiReader(strings.NewReader("half"),
		readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
	if _, err := runIn(t.Context(), api, id, command{argv: []string{"cat"}, stdin: broken}); !errors.Is(err,
		io.ErrUnexpectedEOF) {
		t.Errorf("broken input: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	if _, err := runIn(ctx, api, id,
		command{argv: []string{"sh", "-c", "echo started; sleep 600"}, stdout: started}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestMark_IsSetAndUnsetAgainAndAgain(t *testing.T) {
	api := NeedEngine(t).Client()
	g := stackOf(7, port{"web", 80})
	g.Preview.ID = "t" + randomID() + "-pr-1"
	t.Cleanup(func() { _ = g.unset(context.WithoutCancel(t.Context()), api, markStopped) })
	for range 2 {
		if err := g.set(t.Context(), api, markStopped, map[string]string{labelContainers: "a,b"}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := look(t.Context(), api, g.Preview.ID)
	if err != nil {
		t.Fatal(err)
	}
	marker, ok := s.marker(g.Preview.ID, 7, markStopped)
	if !ok || marker.Labels[labelContainers] != "a,b" || time.Since(marker.Created) > time.Hour {
		t.Errorf("marker %+v, %v", marker, ok)
	}
	if diff := cmp.Diff(g, generationOf(marker.Labels)); diff != "" {
		t.Error(diff)
	}
	for range 2 {
		if err := g.unset(t.Context(), api, markStopped); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = look(t.Context(), api, g.Preview.ID); err != nil || len(s.labels()) != 0 {
		t.Errorf("left %v, %v", s.labels(), err)
	}
}

func TestMark_DoesNotTakeAVolumeOfSomebodyElse(t *testing.T) {
	api := NeedEngine(t).Client()
	g := stackOf(1)
	g.Preview.ID = "t" + randomID() + "-pr-2"
	foreign, err := api.VolumeCreate(t.Context(), volume.CreateOptions{Name: g.markName(markServing)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.VolumeRemove(context.WithoutCancel(t.Context()), foreign.Name, true) })
	if err := g.set(t.Context(), api, markServing, nil); !errors.Is(err, errForeign) {
		t.Errorf("error %v", err)
	}
}

func randomID() string {
	random := make([]byte, 4)
	_, _ = rand.Read(random)
	return hex.EncodeToString(random)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
