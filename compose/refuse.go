package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Refusal lists all that a compose file asks for and a preview does not give,
// because it reaches out of the checkout or into the machine. It is a usage
// error.
type Refusal struct {
	Items []Refused
}

// Refused is one refused request.
type Refused struct {
	// Allow is the entry of preview.allow that permits it.
	Allow string
	// What the file asks for.
	What string
	// Without is the service that asks, where preview.without may leave it out
	// in place of permitting it.
	Without string
	service string // that asks; empty: another part of the file
}

func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString("compose file asks for more than a preview may have:")
	for _, item := range r.Items {
		b.WriteString("\n  " + item.What + " (preview.allow: " + item.Allow + ")")
	}
	return b.String()
}

// checker collects refusals.
type checker struct {
	dir   string // what names start from
	root  string // what bounds
	allow map[string]bool
	items []Refused
	asks  string   // the service that is looked at
	show  string   // what would have to be shown in place of the services that can be left out
	read  []string // paths of the checkout that the project reads, and where links among them lead
}

func newChecker(dir, root string, allow []string) *checker {
	c := &checker{dir: dir, root: resolve(root), allow: map[string]bool{}}
	for _, a := range allow {
		c.allow[a] = true
	}
	return c
}

// err is the refusal of all that was found, each once, sorted.
func (c *checker) err() error {
	if len(c.items) == 0 {
		return nil
	}
	slices.SortFunc(c.items, func(a, b Refused) int { return strings.Compare(a.Allow, b.Allow) })
	items := slices.CompactFunc(slices.Clone(c.items), func(a, b Refused) bool { return a.Allow == b.Allow })
	refusal := &Refusal{Items: items}
	return hint.Usage(refusal, "%s", refusal.advice(c.show))
}

// advice names the safe way first: what is left out can do no harm. Show is the
// service that would have to be shown then.
func (r *Refusal) advice(show string) string {
	text := "remove it from the compose file, or list it under preview.allow in offshoot.yaml"
	without := r.leavable()
	if len(without) == 0 {
		return text
	}
	if show != "" {
		show = " (and say what is shown in its place, such as preview.expose: {" + show + ": 8000})"
	}
	return "leave out what a preview can do without, preview.without: [" + strings.Join(without, ", ") +
		"] in offshoot.yaml" + show + "; else " + text
}

func (r *Refusal) leavable() []string {
	var names []string
	for _, item := range r.Items {
		if item.Without != "" && !slices.Contains(names, item.Without) {
			names = append(names, item.Without)
		}
	}
	return names
}

// refuse notes what the file asks for unless key is allowed; it tells whether
// it may be used.
func (c *checker) refuse(key, what string) bool {
	if c.allow[key] {
		return true
	}
	c.items = append(c.items, Refused{Allow: key, What: what, service: c.asks})
	return false
}

// path refuses a path outside the root, also one that gets there by a symbolic
// link. The key of preview.allow is prefix and the path as written.
func (c *checker) path(prefix, path, what string) bool {
	real := resolve(path)
	if inside(c.root, real) {
		c.read = append(c.read, filepath.Clean(path), real)
		return true
	}
	if real != filepath.Clean(path) && inside(c.root, path) {
		what += ", a link to " + real
	}
	return c.refuse(prefix+rel(c.dir, path), what+", outside the checkout")
}

// without notes which services could be left out in place of being permitted.
func (c *checker) without(p *types.Project) {
	for i, item := range c.items {
		engine := strings.HasSuffix(item.Allow, "/docker.sock") || strings.HasSuffix(item.Allow, ".use_api_socket")
		if item.service != "" && mayBeLeftOut(p, item.service, engine) {
			c.items[i].Without = item.service
		}
	}
	names := (&Refusal{Items: c.items}).leavable()
	rest := restOf(p, names)
	if len(rest) == 0 {
		for i := range c.items {
			c.items[i].Without = "" // nothing would be left of it
		}
		return
	}
	if !anyPublishes(p, rest) && anyPublishes(p, names) {
		c.show = rest[0]
	}
}

func inside(root, path string) bool {
	r, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(r)
}

// resolve follows the symbolic links of a path as far as it exists.
func resolve(path string) string { return follow(path, 40) }

// follow gives up after as many links as Linux does: a path through a loop leads
// nowhere, and nothing can open it.
func follow(path string, links int) string {
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	dir := filepath.Dir(path)
	if dir == path {
		return path
	}
	// A dangling link: what it points to decides, not where it is.
	if target, err := os.Readlink(path); err == nil && links > 0 {
		return follow(absolute(follow(dir, links-1), target), links-1)
	}
	return filepath.Join(follow(dir, links), filepath.Base(path))
}
