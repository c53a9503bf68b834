package compose

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// noFile says where else compose files are.
func noFile(dir string) error {
	found := filesBelow(dir)
	if len(found) == 0 {
		return hint.Usage(fmt.Errorf("no compose file in %s (looked for %s)", dir,
			strings.Join(cli.DefaultFileNames, ", ")),
			"add a compose.yaml, or name the files under preview.compose in offshoot.yaml")
	}
	return hint.Usage(fmt.Errorf("no compose file in %s itself; there is %s", dir, strings.Join(found, ", ")),
		"name it in offshoot.yaml, preview.compose: [%s]", found[0])
}

const (
	deepest     = 3    // folders down
	mostFolders = 2000 // that are looked into
	mostFound   = 5
)

// filesBelow looks for compose files below dir, the nearest first. Hidden
// folders, and those that .gitignore names, are other people's.
func filesBelow(dir string) []string {
	skip := ignoredFolders(dir)
	folders := []string{"."}
	var found []string
	for i := 0; i < len(folders) && i < mostFolders && len(found) < mostFound; i++ {
		entries, err := os.ReadDir(filepath.Join(dir, folders[i]))
		if err != nil {
			continue
		}
		for _, name := range cli.DefaultFileNames {
			if slices.ContainsFunc(entries,
				func(e os.DirEntry) bool { return e.Name() == name && e.Type().IsRegular() }) {
				found = append(found, filepath.ToSlash(filepath.Join(folders[i], name)))
				break
			}
		}
		if folders[i] != "." && strings.Count(filepath.ToSlash(folders[i]), "/") >= deepest-1 {
			continue
		}
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(skip, e.Name()) {
				folders = append(folders, filepath.Join(folders[i], e.Name()))
			}
		}
	}
	return found
}

// ignoredFolders are the plain names in .gitignore, and what tools fill.
func ignoredFolders(dir string) []string {
	names := []string{"node_modules", "vendor", "venv"}
	path := filepath.Join(dir, ".gitignore")
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return names
	}
	file, err := os.Open(path)
	if err != nil {
		return names
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name := strings.Trim(strings.TrimSpace(lines.Text()), "/"); name != "" &&
			!strings.ContainsAny(name, "*?[!#/") {
			names = append(names, name)
		}
	}
	return names
}
