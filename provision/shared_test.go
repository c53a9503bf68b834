package provision_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/provision"
)

// What all tests of a run have in common is made when the first needs it, is changed by none, and is removed when all
// have ended, whether they failed or not: the last first.
var shared struct {
	mutex sync.Mutex
	ends  []func(context.Context, *compose.Engine) error
}

func atEnd(end func(context.Context, *compose.Engine) error) {
	shared.mutex.Lock()
	defer shared.mutex.Unlock()
	shared.ends = append(shared.ends, end)
}

func endShared() error {
	if len(shared.ends) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	engine, err := compose.Connect(ctx)
	if err != nil {
		return err
	}
	defer engine.Close()
	var errs []error
	for i := len(shared.ends) - 1; i >= 0; i-- {
		errs = append(errs, shared.ends[i](ctx, engine))
	}
	return errors.Join(errs...)
}

// program is built once for all tests of this run.
var program struct {
	once sync.Once
	path string
	err  error
}

func programPath(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		folder, err := os.MkdirTemp("", "offshoot-program-")
		if err != nil {
			program.err = err
			return
		}
		atEnd(func(context.Context, *compose.Engine) error { return os.RemoveAll(folder) })
		program.path = filepath.Join(folder, "program")
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program.path, "./testdata/program")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if output, err := build.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("build the program of the tests: %w\n%s", err, output)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// programImage is the program as an image, for services that are not to be built. It has what a database is asked by,
// and a shell that agrees to everything.
var programImage struct {
	once sync.Once
	name string
	err  error
}

func imageOfProgram(t *testing.T) string {
	t.Helper()
	engine, path := provision.NeedEngine(t), programPath(t)
	programImage.once.Do(func() {
		name := "offshoot-test-" + randomName() + "/program:1"
		programImage.name, programImage.err = name, importProgram(t.Context(), engine, name, path)
		atEnd(func(ctx context.Context, engine *compose.Engine) error {
			_, err := engine.Client().ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
			return err
		})
	})
	if programImage.err != nil {
		t.Fatal(programImage.err)
	}
	return programImage.name
}

func importProgram(ctx context.Context, engine *compose.Engine, name, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	errs := []error{
		w.WriteHeader(&tar.Header{Name: "program", Mode: 0o755, Size: int64(len(content))}),
		second(w.Write(content)),
	}
	for _, link := range []string{"bin/sh", "bin/pg_isready"} {
		errs = append(errs, w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: link, Linkname: "/program"}))
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		return err
	}
	progress, err := engine.Client().ImageImport(ctx, image.ImportSource{Source: &b, SourceName: "-"}, name,
		image.ImportOptions{Changes: []string{`ENTRYPOINT ["/program"]`}})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, progress)
	return errors.Join(err, progress.Close())
}

// gatewayOfAll is that of all tests that have none of their own.
var gatewayOfAll struct {
	once sync.Once
	name string
	port int
	err  error
}

// sharedMachine is this computer's engine with a gateway that stays for as long as tests run: it is told of a preview
// that is never there. Nobody else's gateway is touched.
func sharedMachine(t *testing.T) provision.Engine {
	t.Helper()
	machine := provision.Engine{Docker: provision.NeedEngine(t), Binary: programPath(t)}
	_ = imageOfProgram(t) // which is removed after what runs it
	gatewayOfAll.once.Do(func() {
		name := "offshoot-test-" + randomName()
		gatewayOfAll.name, gatewayOfAll.err = name, fmt.Errorf("%s was to make the gateway of all", t.Name())
		gatewayOfAll.port = freePort(t)
		atEnd(func(ctx context.Context, engine *compose.Engine) error {
			_, err := compose.RemoveByLabel(ctx, engine, map[string]string{"dev.offshoot.via": name})
			return errors.Join(err, removeGateway(ctx, provision.Engine{Docker: engine, Gateway: name}))
		})
		holder := machine
		holder.Gateway = name
		gatewayOfAll.err = provision.Hold(t.Context(), holder, heldBy(name))
	})
	if gatewayOfAll.err != nil {
		t.Fatal(gatewayOfAll.err)
	}
	machine.Gateway, machine.Port = gatewayOfAll.name, gatewayOfAll.port
	return machine
}

// heldBy is the preview that is never there.
func heldBy(gateway string) provision.Preview {
	return provision.Preview{ID: gateway + "-held", Project: gateway, Name: "held"}
}

// removeGateway removes a gateway without a preview, as a down does that finds nothing.
func removeGateway(ctx context.Context, machine provision.Engine) error {
	_, err := machine.Down(ctx, heldBy(machine.Gateway), provision.Guard{}, nil)
	if errors.Is(err, provision.ErrNoPreview) {
		return nil
	}
	return err
}

// A stage is a preview that several tests use and none changes.
type stage struct {
	once sync.Once
	made fixture
	err  error
}

// on is the preview as a fixture of one test. The first sets it, and brings it up with a project of its own.
func (s *stage) on(t *testing.T, machine func() provision.Engine, set, after func(*fixture)) *fixture {
	t.Helper()
	s.once.Do(func() {
		s.err = fmt.Errorf("%s was to bring it up", t.Name())
		folder, err := os.MkdirTemp("", "offshoot-stage-")
		if err != nil {
			t.Fatal(err)
		}
		f := lastingOf(t, machine(), randomName(), 1, folder)
		f.write("compose.yaml", composeFile)
		set(f)
		removed := f.engine
		atEnd(func(ctx context.Context, engine *compose.Engine) error {
			removed.Docker = engine
			_, err := removed.Down(ctx, f.options.Preview, provision.Guard{}, nil)
			return errors.Join(err, os.RemoveAll(folder))
		})
		if _, err = f.tryUp(); err == nil {
			after(f)
		}
		s.made, s.err = *f, err
	})
	if s.err != nil {
		t.Fatalf("the preview that several tests use: %v", s.err)
	}
	f := s.made
	f.t, f.engine.Docker, f.events = t, provision.NeedEngine(t), nil
	return &f
}

// claim runs a part of a test by the name of what it claims. The fixtures are the part's for that time.
func claim(t *testing.T, name string, do func(*testing.T), fixtures ...*fixture) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, f := range fixtures {
			f.t = t
		}
		do(t)
	})
	for _, f := range fixtures {
		f.t = t
	}
}
