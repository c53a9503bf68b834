package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A change is one small mistake in one place. It is made where a program is
// told its number.
type change struct {
	number int
	file   string
	line   int
	what   string // such as "== becomes !="
}

// String says where the change is and what becomes of what.
func (c change) String() string { return fmt.Sprintf("%s:%d: %s", c.file, c.line, c.what) }

// opposites are what one word can be taken for.
var opposites = map[token.Token]token.Token{
	token.EQL:  token.NEQ,
	token.NEQ:  token.EQL,
	token.LSS:  token.GEQ,
	token.GEQ:  token.LSS,
	token.LEQ:  token.GTR,
	token.GTR:  token.LEQ,
	token.LAND: token.LOR,
	token.LOR:  token.LAND,
}

// A rewriter puts a switch at every place where a mistake can be made: at
// comparisons, at && and ||, at "!", at true and false, and at a whole number
// that something is compared with, which becomes one more or one less. Other
// numbers are left alone: they measure, and a test that held each would say the
// code once more. Constants cannot have a switch.
type rewriter struct {
	name    string
	text    []byte
	file    *token.File
	without map[int]bool // lines that do not compile with switches
	changes []change
	first   int // the number of the next change
}

// rewrite returns the text with the changes in it, each behind the switch
// mutated(number). Lines stay where they are.
func (r *rewriter) rewrite() (string, error) {
	files := token.NewFileSet()
	syntax, err := parser.ParseFile(files, r.name, r.text, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	r.file = files.File(syntax.Pos())
	return string(r.text[:r.at(syntax.Pos())]) + r.node(syntax) + string(r.text[r.at(syntax.End()):]), nil
}

// node is the text of n, with switches.
func (r *rewriter) node(n ast.Node) string {
	if !r.without[r.file.Line(n.Pos())] {
		if changed := r.place(n); changed != "" {
			return changed
		}
	}
	return r.inner(n)
}

// inner is the text of n, with switches in what it consists of.
func (r *rewriter) inner(n ast.Node) string {
	var out strings.Builder
	done := r.at(n.Pos())
	ast.Inspect(n, func(child ast.Node) bool {
		if child == n {
			return true
		}
		if child == nil || fixed(child) {
			return false
		}
		out.Write(r.text[done:r.at(child.Pos())])
		out.WriteString(r.node(child))
		done = r.at(child.End())
		return false
	})
	out.Write(r.text[done:r.at(n.End())])
	return out.String()
}

// fixed tells whether nothing in n can have a switch.
func fixed(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.CONST || n.Tok == token.TYPE
	case *ast.FuncType, *ast.FieldList, *ast.CommentGroup:
		return true
	}
	return false
}

// place is the text of n with a switch, "" where there is nothing to mistake.
func (r *rewriter) place(n ast.Node) string {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return r.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			return fmt.Sprintf("(%s != %s)", r.inner(n), r.mark(n.Pos(), "! is dropped"))
		}
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			other := strconv.FormatBool(n.Name == "false")
			return fmt.Sprintf("(%s != %s)", n.Name, r.mark(n.Pos(), n.Name+" becomes "+other))
		}
	}
	return ""
}

func (r *rewriter) binary(n *ast.BinaryExpr) string {
	other, ok := opposites[n.Op]
	if !ok {
		return ""
	}
	what := n.Op.String() + " becomes " + other.String()
	x, y := r.node(n.X), r.node(n.Y)
	between := string(r.text[r.at(n.X.End()):r.at(n.Y.Pos())])
	on := r.mark(n.OpPos, what)
	if n.Op == token.LAND || n.Op == token.LOR {
		// a || b is !(!a && !b), so that b is still looked at only where it must be.
		return fmt.Sprintf("((((%s) != %s)%s((%s) != %s)) != %s)", x, on, between, y, on, on)
	}
	text := fmt.Sprintf("((%s%s%s) != %s)", x, between, y, on)
	for _, number := range r.near(n.Y) {
		on := r.mark(n.Y.Pos(), y+" becomes "+number)
		text = fmt.Sprintf("(%s && (%s%s%s) || !%s && %s)", on, x, between, number, on, text)
	}
	return text
}

// near lists the neighbours of a whole number that is none the less than 0.
func (r *rewriter) near(x ast.Expr) []string {
	n, ok := x.(*ast.BasicLit)
	if !ok || n.Kind != token.INT {
		return nil
	}
	value, err := strconv.Atoi(n.Value)
	if err != nil {
		return nil
	}
	if value == 0 {
		return []string{"1"}
	}
	return []string{strconv.Itoa(value + 1), strconv.Itoa(value - 1)}
}

// mark notes a change and returns the call that asks for it.
func (r *rewriter) mark(at token.Pos, what string) string {
	c := change{number: r.first + len(r.changes), file: r.name, line: r.file.Line(at), what: what}
	r.changes = append(r.changes, c)
	return fmt.Sprintf("mutated(%d)", c.number)
}

func (r *rewriter) at(p token.Pos) int { return r.file.Offset(p) }

// draw returns n of the changes, or all, in an order that the random numbers
// give.
func draw(all []change, n int, random *rand.Rand) []change {
	drawn := append([]change{}, all...)
	random.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	return drawn[:min(n, len(drawn))]
}
