package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/bench"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// BenchmarkUpdate measures what a reviewer waits for after a push: a change of
// the sample shop's web, brought up by offshoot and by compose in turn, on the
// same engine in the same minutes. What is not measured: compiling the shop,
// and the first up of both. The environment says what:
//
//	BENCH_ROUNDS   4
//	BENCH_COMPOSE  docker compose, else one that is built from go.mod's version
//	BENCH_OFFSHOOT the program, else one that is built of this checkout
func BenchmarkUpdate(b *testing.B) {
	rounds, err := strconv.Atoi(setting("BENCH_ROUNDS", "4"))
	if err != nil {
		b.Fatal(err)
	}
	s := newStand(b)
	u := bench.Updates{Machine: updateMachine(b), Compose: s.describe(b)}
	for _, way := range s.ways {
		u.Series = append(u.Series, bench.Series{Step: way.name})
		say("first   %-14s %6.2f s", way.name, s.update(b, way).Seconds)
	}
	for range b.N {
		for n := range rounds {
			for i := range s.ways {
				i = (i + n) % len(s.ways) // none is always first
				cost := s.update(b, s.ways[i])
				say("round %d, %-14s %6.2f s", n+1, s.ways[i].name, cost.Seconds)
				u.Series[i].Costs = append(u.Series[i].Costs, cost)
			}
		}
	}
	_, _ = os.Stdout.WriteString("\n" + u.Text() + "\n")
	b.ReportMetric(u.Ratio(bench.Update, bench.Compose), "ratio")
}

func updateMachine(b *testing.B) bench.Machine {
	b.Helper()
	return machine(b, &server{url: pgtest.Server(b), processes: bench.Processes{Dir: "/proc"}})
}

// stand is a copy of the sample shop that is changed and brought up.
type stand struct {
	shop    string // folder
	compose []string
	ways    []way
	changes int
}

// way is one to bring the shop up.
type way struct {
	name string
	argv []string
}

func newStand(b *testing.B) *stand {
	b.Helper()
	if err := exec.CommandContext(b.Context(), "docker", "info").Run(); err != nil {
		b.Skip("no engine: testdata/machine/engine start")
	}
	dir := b.TempDir()
	s := &stand{shop: filepath.Join(dir, "shop")}
	if err := os.CopyFS(s.shop, os.DirFS("../../testdata/shop")); err != nil {
		b.Fatal(err)
	}
	s.run(b, "git", "init", "-q")
	s.change(b)
	offshoot, archive := os.Getenv("BENCH_OFFSHOOT"), filepath.Join(dir, "shop.sql.zst")
	if offshoot == "" {
		offshoot = program(b)
	}
	s.subset(b, offshoot, archive)
	up := []string{offshoot, "up", "--branch", "bench", "--port", "18480", "--json"}
	s.compose = composeCommand(b)
	s.ways = []way{
		{name: bench.Compose, argv: slices.Concat(s.compose, []string{"up", "--build", "--wait"})},
		{name: bench.Update, argv: slices.Concat(up, []string{"--archive", archive})},
		{name: bench.KeepData, argv: slices.Concat(up, []string{"--keep-data"})},
	}
	b.Cleanup(func() {
		s.after(b, slices.Concat(s.compose, []string{"down", "--volumes", "--rmi", "local"})...)
		s.after(b, offshoot, "down", "--branch", "bench")
	})
	return s
}

// subset makes the archive of a shop's production database, as the demo does.
func (s *stand) subset(b *testing.B, program, archive string) {
	b.Helper()
	url := pgtest.New(b)
	b.Setenv("DATABASE_URL", url) // which compose.yaml does not ask for
	s.run(b, "bin/shop", "migrate", "--set", "production")
	s.run(b, "bin/shop", "seed", "--scale", "1")
	s.run(b, program, "subset", "--source", url, "--to", archive)
}

// change changes the web, and compiles it.
func (s *stand) change(b *testing.B) {
	b.Helper()
	s.changes++
	path := filepath.Join(s.shop, "internal/web/style.css")
	sheet, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(sheet, "/* change %d */\n", s.changes)
		err = errors.Join(err, sheet.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
	s.run(b, "go", "build", "-trimpath", "-o", "bin/shop", ".")
}

// update changes the web and measures how long it takes to be up.
func (s *stand) update(b *testing.B, w way) bench.Cost {
	b.Helper()
	s.change(b)
	began := time.Now()
	cmd := s.command(b, w.argv...)
	output, err := cmd.Output()
	cost := bench.Cost{Seconds: time.Since(began).Seconds()}
	if err != nil {
		b.Fatalf("%s: %v\n%s", w.name, err, stderrOf(err))
	}
	cost.Client = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	tellTimings(output)
	return cost
}

// tellTimings shows where an up's time went.
func tellTimings(output []byte) {
	var document struct {
		Result struct {
			Timings []struct {
				Step    string
				Seconds float64
			}
		}
	}
	if json.Unmarshal(output, &document) != nil {
		return
	}
	for _, step := range document.Result.Timings {
		say("    %-18s %6.2f s", step.Step, step.Seconds)
	}
}

func (s *stand) command(b *testing.B, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
	cmd.Dir = s.shop
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "SHOP_PORT=18000",
		"POSTGRES_VERSION="+setting("POSTGRES_VERSION", "15"))
	return cmd
}

func (s *stand) run(b *testing.B, argv ...string) {
	b.Helper()
	if out, err := s.command(b, argv...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(argv[:2], " "), err, out)
	}
}

// after runs a command whether the benchmark was interrupted or not.
func (s *stand) after(b *testing.B, argv ...string) {
	b.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = s.shop
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Errorf("%s: %v\n%s", argv[0], err, out)
	}
}

func stderrOf(err error) []byte {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil
	}
	return exit.Stderr
}

// composeModule is Compose as a program; offshoot has it as a library.
const composeModule = "github.com/docker/compose/v5"

// composeCommand is the compose of this machine, or else one that is built of
// the version that offshoot has in it.
func composeCommand(b *testing.B) []string {
	b.Helper()
	if own := os.Getenv("BENCH_COMPOSE"); own != "" {
		return []string{own}
	}
	// Without the plugin, docker takes that for docker version.
	if out, err := exec.CommandContext(b.Context(), "docker", "compose", "version").Output(); err == nil &&
		bytes.HasPrefix(out, []byte("Docker Compose")) {
		return []string{"docker", "compose"}
	}
	folder, err := filepath.Abs(results)
	if err != nil {
		b.Fatal(err)
	}
	built := filepath.Join(folder, "cmd") // as go install calls it
	if _, err := os.Stat(built); err == nil {
		return []string{built}
	}
	version, err := exec.CommandContext(b.Context(), "go", "list", "-m", "-f", "{{.Version}}", composeModule).Output()
	if err != nil {
		b.Fatalf("go list: %v\n%s", err, stderrOf(err))
	}
	say("building compose %s, which takes some minutes", bytes.TrimSpace(version))
	install := exec.CommandContext(b.Context(), "go", "install", composeModule+"/cmd@"+string(bytes.TrimSpace(version)))
	install.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+folder)
	if out, err := install.CombinedOutput(); err != nil {
		b.Fatalf("go install: %v\n%s", err, out)
	}
	return []string{built}
}

// describe says what compose it is. Without the plugin buildx it builds with
// the engine's classic builder, and offshoot with the engine's BuildKit.
func (s *stand) describe(b *testing.B) string {
	b.Helper()
	version, err := s.command(b, slices.Concat(s.compose, []string{"version", "--short"})...).Output()
	if err != nil {
		b.Fatal(err)
	}
	builder := "classic builder"
	if out, err := exec.CommandContext(b.Context(), "docker", "buildx", "version").Output(); err == nil &&
		bytes.HasPrefix(out, []byte("github.com/docker/buildx")) {
		builder = "buildx"
	}
	return fmt.Sprintf("compose %s, which builds with the %s", bytes.TrimSpace(version), builder)
}
