package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
)

// The seeds of one gateway are at most so many, and all of them at most so
// large, however small they are or few.
const (
	maxSeeds = 3

	// DefaultSeedSpace is how many bytes the seeds of a gateway may take where
	// nobody says.
	DefaultSeedSpace = 20_000_000_000
)

// A keptSeed is one that is on the engine.
type keptSeed struct {
	seed
	whole  bool
	used   time.Time // when it was made or last cloned
	bytes  int64     // 0: unknown
	cloned bool      // a preview has a clone of it, or it was made of its data
}

// surplus are the seeds to drop: those that killed runs left, and beyond the
// limits the least recently used, first among those of which no preview has a
// clone. One stays however large it is: to make it again for every up would be
// worse than to have none.
func surplus(seeds []keptSeed, most int, space int64) []seed {
	slices.SortStableFunc(seeds, func(a, b keptSeed) int {
		return cmp.Or(compareBool(b.cloned, a.cloned), b.used.Compare(a.used))
	})
	var dropped []seed
	kept := 0
	for _, s := range seeds {
		if s.whole {
			most, space = most-1, space-s.bytes
		}
		if !s.whole || kept > 0 && (most < 0 || space < 0) {
			dropped = append(dropped, s.seed)
			continue
		}
		kept++
	}
	return dropped
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// thinSeeds drops the surplus. No other run makes a seed meanwhile.
func (e Engine) thinSeeds(ctx context.Context, most int, space int64) error {
	seeds, err := e.seeds(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range surplus(seeds, most, space) {
		errs = append(errs, e.removeSeed(ctx, s))
	}
	return errors.Join(errs...)
}

// seeds are those of this gateway, also unfinished ones, by name.
func (e Engine) seeds(ctx context.Context) ([]keptSeed, error) {
	found, err := e.Docker.Client().VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", labelSeed), filters.Arg("label", labelGateway+"="+e.gateway()),
	)})
	if err != nil {
		return nil, fmt.Errorf("list seeds: %w", err)
	}
	slices.SortFunc(found.Volumes, func(a, b *volume.Volume) int {
		return strings.Compare(a.Labels[labelSeed]+a.Name, b.Labels[labelSeed]+b.Name)
	})
	var seeds []keptSeed
	for _, v := range found.Volumes {
		name := v.Labels[labelSeed]
		if len(seeds) == 0 || seeds[len(seeds)-1].name != name {
			seeds = append(seeds, keptSeed{seed: seed{name: name}})
		}
		seeds[len(seeds)-1].learn(v)
	}
	return seeds, e.findClones(ctx, seeds)
}

// findClones notes of which seeds there are clones.
func (e Engine) findClones(ctx context.Context, seeds []keptSeed) error {
	s, err := e.lookAll(ctx)
	if err != nil {
		return err
	}
	for i, seed := range seeds {
		seeds[i].cloned = slices.ContainsFunc(s.volumes, func(v jar) bool { return v.Labels[labelSeedOf] == seed.name })
	}
	return nil
}

// learn takes in what one volume of a seed tells.
func (s *keptSeed) learn(v *volume.Volume) {
	if v.Name == s.mark() {
		s.whole = true
		s.bytes, _ = strconv.ParseInt(v.Labels[labelBytes], 10, 64)
	}
	used, err := time.Parse(time.RFC3339Nano, v.Labels[labelUsed])
	if err == nil && used.After(s.used) {
		s.used = used
	}
}

// touchSeed notes that a seed is used now.
func (e Engine) touchSeed(ctx context.Context, s seed) error {
	api := e.Docker.Client()
	if err := api.VolumeRemove(ctx, s.use(), false); err != nil && !notFound(err) {
		return fmt.Errorf("note the use of a seed: %w", err)
	}
	if _, err := api.VolumeCreate(ctx, volume.CreateOptions{Name: s.use(), Labels: e.seedLabels(s)}); err != nil {
		return fmt.Errorf("note the use of a seed: %w", err)
	}
	return nil
}

// seedLabels are on every volume of a seed that is made or used now.
func (e Engine) seedLabels(s seed) map[string]string {
	return map[string]string{
		labelGateway: e.gateway(), labelSeed: s.name, labelUsed: time.Now().UTC().Format(time.RFC3339Nano),
	}
}
