package main

import (
	"go/types"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// order counts which files use names that other files of the package declare, each name once a file, and how many of
// these uses run upwards when the files stand in the order in which as few as possible do.
func order(p *packages.Package) (uses, upwards int) {
	type use struct {
		from string
		of   types.Object
	}
	seen := map[use]bool{}
	weights := map[[2]string]int{}
	names := map[string]bool{}
	for id, of := range p.TypesInfo.Uses {
		if of.Pkg() != p.Types || !declared(p, of) {
			continue
		}
		from := filepath.Base(p.Fset.Position(id.Pos()).Filename)
		to := filepath.Base(p.Fset.Position(of.Pos()).Filename)
		names[from], names[to] = true, true
		if u := (use{from, of}); from != to && !seen[u] {
			seen[u] = true
			weights[[2]string{from, to}]++
			uses++
		}
	}
	files := make([]string, 0, len(names))
	for name := range names {
		files = append(files, name)
	}
	slices.Sort(files)
	return uses, against(improve(files, weights), weights)
}

// declared says whether an object stands at the top of its package, or is a method: fields go with their type.
func declared(p *packages.Package, of types.Object) bool {
	if f, ok := of.(*types.Func); ok && f.Signature().Recv() != nil {
		return true
	}
	return of.Parent() == p.Types.Scope()
}

// improve moves one file at a time to where fewest uses run upwards, until no move helps.
func improve(files []string, weights map[[2]string]int) []string {
	best := against(files, weights)
	for better := true; better; {
		better = false
		for _, name := range slices.Clone(files) {
			rest := slices.DeleteFunc(slices.Clone(files), func(f string) bool { return f == name })
			for at := range len(files) {
				moved := slices.Insert(slices.Clone(rest), at, name)
				if n := against(moved, weights); n < best {
					best, files, better = n, moved, true
				}
			}
		}
	}
	return files
}

// against counts the uses of names in files that stand above.
func against(files []string, weights map[[2]string]int) int {
	place := map[string]int{}
	for i, name := range files {
		place[name] = i
	}
	n := 0
	for edge, weight := range weights {
		if place[edge[0]] > place[edge[1]] {
			n += weight
		}
	}
	return n
}
