package layout

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// A file is named after what is in it: its name, or a part of that, is a word of what it declares or says of that.
func TestFiles_AreNamedAfterWhatIsInThem(t *testing.T) {
	for _, s := range tree(t) {
		name := stem(s.path)
		if s.test() || s.shop() || slices.Contains([]string{"doc", "main", s.syntax.Name.Name}, name) {
			continue
		}
		said := strings.ToLower(declared(s.syntax) + comments(s.syntax))
		if !slices.ContainsFunc(strings.Split(name, "_"), func(part string) bool { return tells(said, part) }) {
			t.Errorf("%s: nothing in it is called %q", s.path, name)
		}
	}
}

// stem is the name of a file without its end and without the systems that it is for.
func stem(file string) string {
	name := strings.TrimSuffix(path.Base(file), ".go")
	for _, system := range []string{"_linux", "_unix", "_windows", "_other", "_soak"} {
		name = strings.TrimSuffix(name, system)
	}
	return name
}

// tells reports whether a text has a word, whatever its ending, or the two words that it is made of.
func tells(said, word string) bool {
	if strings.Contains(said, bare(word)) {
		return true
	}
	const shortest = 4
	for i := shortest; i <= len(word)-shortest; i++ {
		if strings.Contains(said, bare(word[:i])) && strings.Contains(said, bare(word[i:])) {
			return true
		}
	}
	return false
}

// bare is a word without an ending such as -s or -ing, and with at least four letters where it has so many.
func bare(word string) string {
	const ending, shortest = 3, 4
	return word[:max(min(len(word), shortest), len(word)-ending)]
}

// declared are the names that a file declares, receivers too.
func declared(f *ast.File) string {
	var names []string
	for _, d := range f.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names = append(names, n.Name.Name)
				names = append(names, receiver(n))
				return false
			case *ast.TypeSpec:
				names = append(names, n.Name.Name)
			case *ast.ValueSpec:
				for _, id := range n.Names {
					names = append(names, id.Name)
				}
			}
			return true
		})
	}
	return strings.Join(names, " ") + " "
}

// receiver is the type of a method, or nothing.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func comments(f *ast.File) string {
	var b strings.Builder
	for _, c := range f.Comments {
		b.WriteString(c.Text() + " ")
	}
	return b.String()
}
