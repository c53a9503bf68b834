package soak

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// seedVariable repeats what an earlier run drew: the number that it printed.
const seedVariable = "OFFSHOOT_TEST_SEED"

// Steps returns which of the steps 0 to all-1 a test interrupts: every one in `make soak`, else as many as few, another
// choice at every run, in order. It logs the choice and how to repeat it.
func Steps(t testing.TB, all, few int) []int {
	t.Helper()
	seed := Seed(t)
	steps := rand.New(rand.NewPCG(seed, uint64(all))).Perm(all)
	if !On && few < all {
		steps = steps[:few]
	}
	slices.Sort(steps)
	t.Logf("steps %v of %d (%s=%d repeats them)", steps, all, seedVariable, seed)
	return steps
}

// Seed returns what random choices of a test begin with: another number at every run, or the one that the variable
// OFFSHOOT_TEST_SEED holds.
func Seed(t testing.TB) uint64 {
	t.Helper()
	text := os.Getenv(seedVariable)
	if text == "" {
		return uint64(time.Now().UnixNano())
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	return seed
}
