package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
)

// score is what became of the sample of one package.
type score struct {
	name    string
	changes int
	noticed int
}

// passes tells whether enough was noticed: of a package with fewer places than
// a sample has, the same share.
func (s score) passes() bool { return s.noticed*usual >= s.changes*least }

// verdict is what the tests said of one change.
type verdict struct {
	change
	by  string // the test that noticed it, or how the tests ended; "" when nothing did
	err error
}

// try makes a sample of changes in one package and runs its tests on each.
func try(ctx context.Context, s subject, seed, sample int) (score, error) {
	dir, err := os.MkdirTemp("", "offshoot-mutants-")
	if err != nil {
		return score{}, err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, s, dir)
	if err != nil {
		return score{}, err
	}
	fmt.Printf("%s: %d changes are possible; unchanged tests take %.1f s\n", s.dir, len(b.changes), b.took.Seconds())
	random := rand.New(rand.NewPCG(uint64(seed), hash(s.dir)))
	got := score{name: s.dir}
	for _, v := range b.verdicts(ctx, draw(b.changes, sample, random)) {
		if v.err != nil {
			return score{}, v.err
		}
		got.changes++
		if v.by != "" {
			got.noticed++
		}
	}
	fmt.Printf("%s: %d of %d noticed, SEED=%d\n", s.dir, got.noticed, got.changes, seed)
	return got, nil
}

// verdicts tries changes, as many at once as there are processors, and prints
// each as it comes.
func (b *bench) verdicts(ctx context.Context, changes []change) []verdict {
	all := make([]verdict, len(changes))
	var done sync.WaitGroup
	free := make(chan struct{}, runtime.NumCPU())
	for i, c := range changes {
		all[i].change = c
		if !b.reached[c.number] {
			fmt.Printf("  survived  %s (no test comes here)\n", c)
			continue
		}
		free <- struct{}{}
		done.Go(func() {
			defer func() { <-free }()
			all[i].by, all[i].err = b.notices(ctx, c)
			all[i].print()
		})
	}
	done.Wait()
	return all
}

func (v verdict) print() {
	switch {
	case v.err != nil:
	case v.by == "":
		fmt.Printf("  survived  %s\n", v.change)
	default:
		fmt.Printf("  killed    %s (%s)\n", v.change, v.by)
	}
}

func hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}
