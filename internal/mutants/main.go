// Mutants asks the tests of the packages that decide whether they notice a
// small mistake. It makes one change at a time, such as && in place of ||, and
// runs that package's own tests on it; nothing is written to the tree.
//
//	sources ── rewrite ──▶ every change behind a switch ── go test -c -overlay ──▶ one program
//	                                  a sample of them, by the seed ──▶ run with each ──▶ noticed, or not
//
// The sample is another one every day. SEED=20261130 repeats one, SAMPLE=100
// tries more of them. Arguments name packages, when not all are meant.
//
// Changed code may remove what it should leave alone, so the tests see no
// container engine and no home folder; those that need one are skipped.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	usual = 24 // changes in each package
	least = 22 // of these must be noticed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run tells whether the tests of every package noticed enough.
func run(ctx context.Context, names []string) (bool, error) {
	seed, err := number("SEED", time.Now().UTC().Format("20060102"))
	if err != nil {
		return false, err
	}
	sample, err := number("SAMPLE", strconv.Itoa(usual))
	if err != nil {
		return false, err
	}
	chosen, err := choose(names)
	if err != nil {
		return false, err
	}
	var scores []score
	for _, s := range chosen {
		got, err := try(ctx, s, seed, sample)
		if err != nil {
			return false, fmt.Errorf("%s: %w", s.dir, err)
		}
		scores = append(scores, got)
	}
	return summary(os.Stdout, seed, scores), nil
}

// number reads a variable of the environment.
func number(name, otherwise string) (int, error) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), otherwise))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%s is not a number", name, os.Getenv(name))
	}
	return n, nil
}

// choose returns the subjects of those names, or all.
func choose(names []string) ([]subject, error) {
	var chosen []subject
	for _, s := range subjects {
		if len(names) == 0 || slices.Contains(names, s.dir) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) < len(names) {
		return nil, errors.New("unknown package; known are those in internal/mutants/subjects.go")
	}
	return chosen, nil
}
