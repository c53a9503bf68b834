package compose

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// instead is the file to read for path: path itself, or where the checkout does
// not have it, what Source.EnvFiles names in its place.
func (l *loading) instead(path string) string {
	if exists(path) {
		return path
	}
	for missing, other := range l.src.EnvFiles {
		if absolute(l.dir, missing) == filepath.Clean(path) {
			return absolute(l.dir, other)
		}
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// supplyEnvFiles puts the files of Source.EnvFiles in place of missing ones.
func (l *loading) supplyEnvFiles(p *types.Project) {
	for _, name := range p.ServiceNames() {
		files := p.Services[name].EnvFiles
		for i, f := range files {
			if other := l.instead(f.Path); other != f.Path {
				files[i].Path = other
				l.changed(name, "env_file "+rel(l.dir, f.Path)+" is "+rel(l.dir, other),
					"preview.env_files says so, since it is missing")
			}
		}
	}
}

// missingEnvFiles is an error that names all of them, and a sample of each.
// It comes after the check: what is refused is not looked for.
func (l *loading) missingEnvFiles(p *types.Project) error {
	var texts, entries []string
	seen := map[string]bool{}
	for _, name := range p.ServiceNames() {
		for _, f := range p.Services[name].EnvFiles {
			if !bool(f.Required) || seen[f.Path] || exists(f.Path) {
				continue
			}
			seen[f.Path] = true
			short, other := rel(l.dir, f.Path), "FILE"
			text := l.place("services", name, "env_file") + "env_file " + short + " is missing"
			if sample := sampleOf(f.Path); sample != "" {
				other = rel(l.dir, filepath.Join(filepath.Dir(f.Path), sample))
				text += "; there is " + other
			}
			texts = append(texts, text)
			entries = append(entries, short+": "+other)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return hint.Usage(errors.New("compose file: "+strings.Join(texts, "\n  ")),
		"write it, or say in offshoot.yaml what to read in its place, preview.env_files: {%s}",
		strings.Join(entries, ", "))
}

// checkEnvFiles refuses an entry whose own file is missing.
func (l *loading) checkEnvFiles() error {
	for _, missing := range sorted(l.src.EnvFiles) {
		if other := absolute(l.dir, l.src.EnvFiles[missing]); !exists(other) {
			return hint.Usage(fmt.Errorf("preview.env_files: no file %s, to read in place of %s", rel(l.dir, other),
				missing), "name one that is checked in")
		}
	}
	return nil
}
