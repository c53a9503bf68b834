package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// A bench has the tests of one package in one program, with every change
// behind a switch: to compile each by itself would take longer than the tests.
type bench struct {
	subject
	dir     string // ours, for the program and what it is made of
	changes []change
	reached map[int]bool  // by the unchanged tests, by number
	took    time.Duration // the unchanged tests
	without map[string]map[int]bool
}

//go:embed switch.go.txt
var switches string

// newBench builds the program and runs the unchanged tests, which must pass.
func newBench(ctx context.Context, s subject, dir string) (*bench, error) {
	b := &bench{subject: s, dir: dir, without: map[string]map[int]bool{}}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	reached := filepath.Join(dir, "reached")
	began := time.Now()
	output, err := b.tests(ctx, 30*time.Minute, "OFFSHOOT_MUTANT=-1", "OFFSHOOT_MUTANT_REACHED="+reached)
	if err != nil {
		return nil, fmt.Errorf("the unchanged tests do not pass: %w\n%s", err, output)
	}
	b.took = time.Since(began)
	b.reached, err = numbers(reached)
	return b, err
}

func numbers(file string) (map[int]bool, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	found := map[int]bool{}
	for _, word := range strings.Fields(string(text)) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		found[n] = true
	}
	return found, nil
}

// build compiles the tests. Where a line does not compile with switches, such
// as one with a bool of another name, it does without.
func (b *bench) build(ctx context.Context) error {
	const tries = 5
	for try := 1; ; try++ {
		overlay, err := b.lay()
		if err != nil {
			return err
		}
		err = host.Local{}.Run(ctx, host.Command{Env: os.Environ(), Args: []string{
			"go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", b.program(), "-overlay", overlay,
			"./" + b.subject.dir,
		}})
		if err == nil || !b.leaveOut(err) || try == tries {
			return err
		}
	}
}

var complaint = regexp.MustCompile(`(?:^|[\s:])([\w/.-]+\.go):(\d+):\d+: `)

// leaveOut notes the lines that the compiler complained of.
func (b *bench) leaveOut(err error) bool {
	found := false
	for _, match := range complaint.FindAllStringSubmatch(err.Error(), -1) {
		line, _ := strconv.Atoi(match[2])
		file := filepath.Base(match[1])
		if b.without[file] == nil {
			b.without[file] = map[int]bool{}
		}
		found = found || !b.without[file][line]
		b.without[file][line] = true
	}
	return found
}

func (b *bench) program() string { return filepath.Join(b.dir, "tests") }

// lay writes the changed files, and what tells the compiler to read them in
// place of those in the tree.
func (b *bench) lay() (overlay string, err error) {
	pkg, err := build.Default.ImportDir(b.subject.dir, 0)
	if err != nil {
		return "", err
	}
	b.changes = nil
	replace := map[string]string{}
	for _, file := range pkg.GoFiles {
		if !b.includes(file) {
			continue
		}
		if err := b.put(replace, file, pkg.Dir); err != nil {
			return "", err
		}
	}
	added := filepath.Join(b.dir, "switch.go")
	if err := os.WriteFile(added, []byte(strings.Replace(switches, "PACKAGE", pkg.Name, 1)), 0o600); err != nil {
		return "", err
	}
	in, err := filepath.Abs(filepath.Join(b.subject.dir, "mutated_switch.go"))
	if err != nil {
		return "", err
	}
	replace[in] = added
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(b.dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

func (b *bench) put(replace map[string]string, file, dir string) error {
	original, err := filepath.Abs(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(original)
	if err != nil {
		return err
	}
	r := rewriter{
		name: path.Join(b.subject.dir, file), text: text, without: b.without[file], first: len(b.changes) + 1,
	}
	changed, err := r.rewrite()
	if err != nil {
		return err
	}
	b.changes = append(b.changes, r.changes...)
	replace[original] = filepath.Join(b.dir, file)
	return os.WriteFile(replace[original], []byte(changed), 0o600)
}

// notices says which test the change fails, "" when they all pass.
func (b *bench) notices(ctx context.Context, c change) (string, error) {
	output, err := b.tests(ctx, 3*b.took+30*time.Second, "OFFSHOOT_MUTANT="+strconv.Itoa(c.number))
	if err == nil || ctx.Err() != nil {
		return "", ctx.Err()
	}
	return blame(output), nil
}

// tests runs the tests where go test would, until the first that fails. Changed
// code must not reach what is yours; and in CI a missing engine would be a
// failure. Random tests draw the same each time, as what one change fails at
// must not be held against the next.
func (b *bench) tests(ctx context.Context, patience time.Duration, env ...string) (string, error) {
	args := []string{b.program(), "-test.failfast", "-test.timeout", patience.String()}
	if b.skip != "" {
		args = append(args, "-test.skip", b.skip)
	}
	env = append(
		env, "CI=", "HOME="+b.dir, "DOCKER_HOST=unix://"+filepath.Join(b.dir, "no-engine.sock"),
		"RAPID_SEED=1", "RAPID_NOFAILFILE=true",
	)
	var output bytes.Buffer
	err := host.Local{}.Run(ctx, host.Command{
		Args: args, Env: append(os.Environ(), env...), Dir: b.subject.dir, Stdout: &output, Stderr: &output,
	})
	return output.String(), err
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// blame says from their output why tests failed.
func blame(output string) string {
	if match := failure.FindStringSubmatch(output); match != nil {
		return match[1]
	}
	for _, sign := range []string{"test timed out", "panic", "fatal error"} {
		if strings.Contains(output, sign) {
			return sign
		}
	}
	return "no clean end"
}
