// Command figures prints how the project is built, in numbers: what grows unseen.
//
//	go run ./internal/layout/figures [PATTERN...]
//
// Test files and generated ones count only as lines of tests. A line is wide beyond 120 columns, a tab being four.
package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// wide is the number of columns that a line may have.
const wide = 120

// A room is one package.
type room struct {
	path     string
	files    []file
	funcs    []int // lines of each function
	params   []int // parameters of each function
	methods  map[string]int
	uses     int // of names of another file
	upwards  int // of them, those against the best order of the files
	tests    int // lines
	tallLine int
}

// A file is one of a room, without tests.
type file struct {
	name  string
	lines int
}

func main() {
	log.SetFlags(0)
	patterns := os.Args[1:]
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	rooms, err := measure(patterns)
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range report(rooms) {
		fmt.Println(line)
	}
}

func measure(patterns []string) ([]room, error) {
	const need = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
		packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps
	found, err := packages.Load(&packages.Config{Mode: need}, patterns...)
	if err != nil {
		return nil, err
	}
	var rooms []room
	for _, p := range found {
		for _, e := range p.Errors {
			return nil, fmt.Errorf("%s: %w", p.PkgPath, e)
		}
		r, err := measureRoom(p)
		if err != nil {
			return nil, err
		}
		rooms = append(rooms, r)
	}
	return rooms, nil
}

func measureRoom(p *packages.Package) (room, error) {
	r := room{path: p.PkgPath, methods: map[string]int{}}
	for i, syntax := range p.Syntax {
		path := p.Fset.Position(syntax.Pos()).Filename
		content, err := os.ReadFile(path)
		if err != nil {
			return r, err
		}
		if ast.IsGenerated(syntax) {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
		r.files = append(r.files, file{filepath.Base(p.GoFiles[i]), len(lines)})
		r.tallLine += countWide(lines)
		for _, d := range syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				r.addFunc(f, p.Fset.Position(f.End()).Line-p.Fset.Position(f.Pos()).Line+1)
			}
		}
	}
	tests, err := filepath.Glob(filepath.Join(filepath.Dir(p.GoFiles[0]), "*_test.go"))
	if err != nil {
		return r, err
	}
	for _, path := range tests {
		content, err := os.ReadFile(path)
		if err != nil {
			return r, err
		}
		r.tests += strings.Count(string(content), "\n")
	}
	r.uses, r.upwards = order(p)
	return r, nil
}

func (r *room) addFunc(f *ast.FuncDecl, lines int) {
	r.funcs = append(r.funcs, lines)
	r.params = append(r.params, f.Type.Params.NumFields())
	if f.Recv == nil {
		return
	}
	kind := f.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if index, ok := kind.(*ast.IndexExpr); ok {
		kind = index.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		r.methods[name.Name]++
	}
}

func countWide(lines []string) int {
	n := 0
	for _, l := range lines {
		if len([]rune(strings.ReplaceAll(l, "\t", "    "))) > wide {
			n++
		}
	}
	return n
}

func report(rooms []room) []string {
	var files, perRoom, fileLines, funcs, params []int
	lines, tests, tall := 0, 0, 0
	var receivers []string
	for _, r := range rooms {
		sum := 0
		for _, f := range r.files {
			sum += f.lines
			fileLines = append(fileLines, f.lines)
		}
		files, perRoom = append(files, len(r.files)), append(perRoom, sum)
		funcs, params = append(funcs, r.funcs...), append(params, r.params...)
		lines, tests, tall = lines+sum, tests+r.tests, tall+r.tallLine
		for _, name := range slices.Sorted(maps.Keys(r.methods)) {
			if n := r.methods[name]; n > 40 {
				receivers = append(receivers, fmt.Sprintf("%s.%s %d", filepath.Base(r.path), name, n))
			}
		}
	}
	out := []string{
		fmt.Sprintf("lines                 %d in %d packages, of tests %d (%.2f)", lines, len(rooms), tests,
			float64(tests)/float64(max(1, lines))),
		"files a package       " + spread(files),
		"lines a package       " + spread(perRoom),
		"lines a file          " + spread(fileLines),
		"lines a function      " + spread(funcs),
		"parameters            " + spread(params),
		fmt.Sprintf("wide lines            %d", tall),
		"methods, over 40      " + cmp.Or(strings.Join(receivers, ", "), "none"),
		"",
		"uses of another file's names, and those of them that run upwards:",
	}
	slices.SortFunc(rooms, func(a, b room) int { return b.upwards - a.upwards })
	for _, r := range rooms {
		if r.uses > 20 {
			out = append(out, fmt.Sprintf("  %-40s %4d %4d  (%d files)", r.path, r.uses, r.upwards, len(r.files)))
		}
	}
	return out
}

// spread says median, nine of ten, and the most.
func spread(values []int) string {
	if len(values) == 0 {
		return "none"
	}
	slices.Sort(values)
	at := func(share float64) int { return values[int(share*float64(len(values)-1))] }
	return fmt.Sprintf("median %d, p90 %d, most %d", at(0.5), at(0.9), values[len(values)-1])
}
