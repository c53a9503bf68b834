package compose

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// The decisions that preview.mounts makes about what is mounted of the
// checkout. Without one it is a copy.
const (
	MountCopy   = "copy"   // the generation's own
	MountEmpty  = "empty"  // an empty folder of the generation's own
	MountShared = "shared" // the checkout's own, with whoever else uses it
)

// Copies are what the services of a project mount of the checkout, file by file
// and folder by folder. Each generation has its own, so that nothing that it
// does reaches the checkout, another preview or another generation.
//
// A folder that is mounted within another is a part of its own, and mounted at
// its place wherever the outer one is: no service can then put a link where
// another one's mount begins. A file that is mounted is a copy of its own.
type Copies struct {
	Root  string // the checkout, without links in its path
	Parts []Part // by path
}

// A Part is one of them.
type Part struct {
	Path   string // below the checkout, with slashes; "." is all of it
	Given  string // one of the decisions
	Folder bool   // else a file
}

// FilesVolume begins the keys of the volumes that Place gives to a project for
// folders. Those of EmptyVolume hold nothing at first, and are carried over with
// other data.
const (
	FilesVolume = "offshoot-files-"
	EmptyVolume = "offshoot-empty-"
)

// PlanCopies finds what services mount of the checkout at root. The keys of
// decisions are paths relative to dir. It reads folders, to follow links and to
// tell files from folders.
func PlanCopies(p *types.Project, root, dir string, decisions map[string]string) (*Copies, []Change, error) {
	c := &copying{Copies: &Copies{Root: resolve(root)}, dir: absolute(resolve(root), dir), parts: map[string]Part{}}
	if err := c.decide(dir, decisions); err != nil {
		return nil, nil, err
	}
	for _, name := range p.ServiceNames() {
		if err := c.service(p, p.Services[name]); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range sorted(c.parts) {
		part := c.parts[name]
		if c.used[name] || part.Given == MountShared || c.emptied[name] && c.lies(name) {
			c.Parts = append(c.Parts, part)
		}
	}
	return c.Copies, c.changes, c.nested()
}

// copying is a plan being made.
type copying struct {
	*Copies
	dir     string // what names of paths start from
	parts   map[string]Part
	used    map[string]bool // by a service
	emptied map[string]bool // by a decision
	changes []Change
}

// lies tells whether somebody mounts a folder that a part lies in.
func (c *copying) lies(name string) bool {
	for used := range c.used {
		if used != name && c.parts[used].Folder && liesIn(used, name) {
			return true
		}
	}
	return false
}

// decide makes parts of the paths that somebody decided about.
func (c *copying) decide(dir string, decisions map[string]string) error {
	c.used, c.emptied = map[string]bool{}, map[string]bool{}
	for _, key := range sorted(decisions) {
		given := decisions[key]
		if !slices.Contains([]string{MountCopy, MountEmpty, MountShared}, given) {
			return hint.Usage(fmt.Errorf("preview.mounts: %s: %q is no decision", key, given),
				"give one of copy, empty, shared")
		}
		name, inside := c.within(absolute(dir, filepath.FromSlash(key)))
		if !inside {
			return hint.Usage(fmt.Errorf("preview.mounts: %s is not in the checkout", key),
				"name a path of the checkout, such as ./uploads")
		}
		part := c.look(name)
		if given == MountEmpty && part.Given == MountCopy && !part.Folder {
			return hint.Usage(fmt.Errorf("preview.mounts: %s is a file, and empty gives a folder in its place", key),
				"say copy, or take the mount out of the compose file")
		}
		if given == MountShared {
			if err := c.mayShare(key, part); err != nil {
				return err
			}
		}
		if given != MountCopy { // which it has without a decision, if there is anything to copy
			part.Given = given
		}
		c.emptied[name] = given == MountEmpty
		c.parts[name] = part
	}
	return nil
}

// mayShare refuses what is not there, and a folder with a repository in it: git
// runs what that says.
func (c *Copies) mayShare(key string, part Part) error {
	if part.Given == MountEmpty {
		return hint.Usage(fmt.Errorf("preview.mounts: %s does not exist, so that it cannot be shared", key),
			"make the folder, or say empty")
	}
	if !part.Folder {
		return nil
	}
	return filepath.WalkDir(filepath.Join(c.Root, filepath.FromSlash(part.Path)),
		func(at string, entry fs.DirEntry, err error) error {
			if err != nil {
				return fmt.Errorf("preview.mounts: %s: %w", key, err)
			}
			if strings.EqualFold(entry.Name(), ".git") {
				return hint.Usage(fmt.Errorf("preview.mounts: %s has %s in it, so that it cannot be shared", key,
					rel(c.Root, at)), "share a folder within it")
			}
			return nil
		})
}

// within names a path below the checkout, with all links in it followed.
func (c *Copies) within(file string) (string, bool) {
	name, err := filepath.Rel(c.Root, resolve(file))
	if err != nil || !filepath.IsLocal(name) {
		return "", false
	}
	return filepath.ToSlash(name), true
}

// look tells what there is. What is missing is an empty folder, as Docker
// makes one; and git's own is never given away, since git runs what it names.
func (c *Copies) look(name string) Part {
	info, err := os.Stat(filepath.Join(c.Root, filepath.FromSlash(name)))
	if err != nil || ofGit(name) || !info.IsDir() && !info.Mode().IsRegular() {
		return Part{Path: name, Given: MountEmpty, Folder: true}
	}
	return Part{Path: name, Given: MountCopy, Folder: info.IsDir()}
}

// service takes in what one service mounts.
func (c *copying) service(p *types.Project, s types.ServiceConfig) error {
	for _, v := range s.Volumes {
		name, ok := c.mounted(p, v)
		if !ok {
			continue
		}
		part := c.use(name)
		change := part.change(s.Name, asWritten(c.dir, BindSource(p, v)))
		change.Usual = v.ReadOnly && part.Given == MountCopy
		if part.Given == MountEmpty && c.look(name).Given != MountEmpty {
			change.Why = "preview.mounts says so"
		}
		c.changes = append(c.changes, change)
	}
	for what, file := range objectFiles(p, s) {
		name, inside := c.within(file)
		if !inside {
			continue // allowed: the check has passed
		}
		if part := c.use(name); part.Folder && part.Given == MountEmpty {
			return hint.Usage(fmt.Errorf("%s: %s: %s does not exist", s.Name, what, rel(c.Root, file)),
				"make the file, or take it out of the compose file")
		}
	}
	return nil
}

func (c *copying) use(name string) Part {
	part, known := c.parts[name]
	if !known {
		part = c.look(name)
		c.parts[name] = part
	}
	c.used[name] = true
	return part
}

// mounted names the part that a mount is of.
func (c *Copies) mounted(p *types.Project, v types.ServiceVolumeConfig) (string, bool) {
	source := BindSource(p, v)
	if source == "" {
		return "", false
	}
	return c.within(source)
}

// GivenFor is what a mount of the project gets of the checkout; empty: it is no
// mount of it.
func (c *Copies) GivenFor(p *types.Project, v types.ServiceVolumeConfig) string {
	if c == nil {
		return ""
	}
	name, ok := c.mounted(p, v)
	i := slices.IndexFunc(c.Parts, func(part Part) bool { return part.Path == name })
	if !ok || i < 0 {
		return ""
	}
	return c.Parts[i].Given
}

// BindSource is the path that a mount binds, directly or by way of a volume
// with the engine's options for that; empty: it is no such mount.
func BindSource(p *types.Project, v types.ServiceVolumeConfig) string {
	switch v.Type {
	case types.VolumeTypeBind:
		return v.Source
	case types.VolumeTypeVolume:
		volume := p.Volumes[v.Source]
		options := strings.Split(volume.DriverOpts["o"], ",")
		if slices.Contains(options, "bind") || slices.Contains(options, "rbind") {
			return volume.DriverOpts["device"]
		}
	}
	return ""
}

// Unmounted are the paths on this computer that services mount before, and none
// does after: as they are written, and with links followed.
func Unmounted(before, after *types.Project) []string {
	var gone []string
	left := boundPaths(after)
	for _, path := range boundPaths(before) {
		if !slices.Contains(left, path) && !slices.Contains(gone, path) {
			gone = append(gone, path)
		}
	}
	return gone
}

func boundPaths(p *types.Project) []string {
	var paths []string
	for _, name := range p.ServiceNames() {
		for _, v := range p.Services[name].Volumes {
			if source := BindSource(p, v); source != "" {
				paths = append(paths, filepath.Clean(source), resolve(source))
			}
		}
	}
	return paths
}

// objectFiles are the files of a service's secrets and configs, by what they
// are: Compose binds them.
func objectFiles(p *types.Project, s types.ServiceConfig) map[string]string {
	files := map[string]string{}
	for _, o := range s.Secrets {
		if file := p.Secrets[o.Source].File; file != "" {
			files["secret "+o.Source] = file
		}
	}
	for _, o := range s.Configs {
		if file := p.Configs[o.Source].File; file != "" {
			files["config "+o.Source] = file
		}
	}
	return files
}

// asWritten is a path as a compose file has it.
func asWritten(dir, source string) string {
	name := rel(dir, source)
	if filepath.IsAbs(name) || strings.HasPrefix(name, "..") || name == "." {
		return name
	}
	return "./" + name
}

func (p Part) change(service, source string) Change {
	what := map[string]string{
		MountCopy:   "a copy of it",
		MountEmpty:  "an empty folder in its place",
		MountShared: "the checkout's own, as preview.mounts says",
	}[p.Given]
	why := map[string]string{
		MountCopy:   "what a preview writes stays its own",
		MountEmpty:  "there is none in the checkout",
		MountShared: "",
	}[p.Given]
	return Change{Service: service, What: "mounts " + source + ": " + what, Why: why}
}

// nested refuses what is shared within something else that is: whoever may
// write the outer one could lead the inner one elsewhere.
func (c *copying) nested() error {
	for _, inner := range c.Parts {
		outer, ok := c.outer(inner.Path)
		if ok && inner.Given == MountShared && outer.Given == MountShared {
			return hint.Usage(fmt.Errorf("preview.mounts: %s is shared, and lies in %s, which is too", inner.Path,
				outer.Path), "share one of the two")
		}
	}
	return nil
}

// outer is the innermost folder that a part lies in.
func (c *Copies) outer(name string) (Part, bool) {
	found, ok := Part{}, false
	for _, part := range c.Parts {
		if part.Folder && part.Path != name && liesIn(part.Path, name) && (!ok || liesIn(found.Path, part.Path)) {
			found, ok = part, true
		}
	}
	return found, ok
}

// liesIn tells whether a path lies in a folder, or is it.
func liesIn(folder, name string) bool {
	return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
}

// Folders are the paths of all folders, by the number of their part; empty: it
// is a file. What lies in an inner one is no part of the outer.
func (c *Copies) Folders() []string {
	paths := make([]string, len(c.Parts))
	for i, part := range c.Parts {
		if part.Folder {
			paths[i] = part.Path
		}
	}
	return paths
}

// Copied are the numbers of the parts that are copied: folders, or files.
func (c *Copies) Copied(folders bool) []int {
	var numbers []int
	for i, part := range c.Parts {
		if part.Given == MountCopy && part.Folder == folders {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

// inner are the folders directly within another one, with nothing between.
func (c *Copies) inner(name string) []Part {
	var found []Part
	for _, part := range c.Parts {
		if part.Folder && part.Path != name && liesIn(name, part.Path) {
			found = append(found, part)
		}
	}
	return found
}

// relativeTo is a path as seen from a folder that it lies in.
func relativeTo(folder, name string) string {
	if folder == "." {
		return name
	}
	return strings.TrimPrefix(name, path.Clean(folder)+"/")
}
