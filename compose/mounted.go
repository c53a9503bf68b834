package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// checkMounts refuses a decision about what nothing mounts, which is most likely
// a word with a slip in it. Services of profiles that are not chosen, and those
// that are left out, count as well: a file is for all choices.
func (l *loading) checkMounts(p *types.Project) error {
	if len(l.src.Mounts) == 0 {
		return nil
	}
	c := &Copies{Root: l.check.root}
	mounted := c.mountedOf(p)
	for _, key := range l.src.Mounts {
		name, inside := c.within(absolute(l.dir, filepath.FromSlash(key)))
		if !inside || slices.ContainsFunc(sorted(mounted), func(m string) bool { return liesIn(m, name) }) {
			continue // what is not in the checkout is refused with a word of its own
		}
		err := fmt.Errorf("preview.mounts: no service mounts %s, or a folder that it lies in", key)
		known := l.writtenPaths(sorted(mounted))
		if near := hint.Nearest(l.writtenPaths([]string{name})[0], known); near != "" {
			return hint.Usage(err, "did you mean %s?", near)
		}
		if len(known) == 0 {
			return hint.Usage(err, "take it out of offshoot.yaml: nothing of the checkout is mounted")
		}
		return hint.Usage(err, "what is mounted is %s", strings.Join(known, ", "))
	}
	return nil
}

// mountedOf are the parts that any service of a file mounts.
func (c *Copies) mountedOf(p *types.Project) map[string]bool {
	found := map[string]bool{}
	for _, s := range p.AllServices() {
		for _, v := range s.Volumes {
			if name, ok := c.mounted(p, v); ok {
				found[name] = true
			}
		}
		for _, file := range objectFiles(p, s) {
			if name, ok := c.within(file); ok {
				found[name] = true
			}
		}
	}
	return found
}

func (l *loading) writtenPaths(names []string) []string {
	written := make([]string, len(names))
	for i, name := range names {
		written[i] = asWritten(resolve(l.dir), filepath.Join(l.check.root, filepath.FromSlash(name)))
	}
	return written
}
