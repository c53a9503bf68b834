package config

import (
	"os"
	"path/filepath"

	"github.com/offshoot-dev/offshoot/compose"
)

// ComposeSource returns the compose project: where the configuration is,
// else the nearest folder above with a compose file.
func (c *Config) ComposeSource() compose.Source {
	dir := c.ComposeDir()
	return compose.Source{
		Dir: dir, Root: checkoutRoot(dir), Files: c.Preview.Compose,
		Env: c.Preview.Environment, Allow: c.Preview.Allow,
		Profiles: c.Preview.Profiles, Without: c.Preview.Without, EnvFiles: c.Preview.EnvFiles,
		BuildEnv: c.Preview.Build,
	}
}

// ComposeDir returns the folder of the compose project.
func (c *Config) ComposeDir() string {
	if c.Path != "" {
		return c.Dir
	}
	for _, folder := range upToRoot(c.Dir) {
		for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
			if exists(filepath.Join(folder, name)) {
				return folder
			}
		}
	}
	return c.Dir
}

// checkoutRoot is what the compose project in dir is bounded by: the root of the
// git checkout that dir is in. It is found by looking for .git alone: no git is
// run, and a repository without a work tree, which a commit can have in it, is
// none. A home folder that is a repository does not open all of itself to what
// is unpacked below it.
func checkoutRoot(dir string) string {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return dir
	}
	folders := upToRoot(real)
	root := folders[len(folders)-1]
	if home, err := filepath.EvalSymlinks(os.Getenv("HOME")); err == nil && holds(root, home) {
		return real
	}
	return root
}

// holds tells whether path is folder, or lies in it.
func holds(folder, path string) bool {
	below, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(below)
}

// ProjectIn names the project: as configured, else after its own folder when
// that is not the whole repository.
func (c *Config) ProjectIn(root string) string {
	if c.Project != "" || c.Dir == root || c.Path == "" {
		return c.Project
	}
	return filepath.Base(c.Dir)
}
