package layout

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the page of messages anew")

// A message is an error that says what to do about it.
type message struct{ area, text, hint string }

// areas are the packages whose errors are told together, by their beginnings.
var areas = []struct{ prefix, title string }{
	{"subset/mask", "Masking"},
	{"subset", "Subsets and their source"},
	{"internal/conninfo", "Subsets and their source"},
	{"internal/bastion", "Subsets and their source"},
	{"internal/rds", "Subsets and their source"},
	{"internal/pooler", "Subsets and their source"},
	{"internal/pg", "Subsets and their source"},
	{"internal/vault", "Subsets and their source"},
	{"internal/store", "Archives in buckets"},
	{"compose", "The compose file"},
	{"provision/ec2", "Machines"},
	{"provision/machine", "Machines"},
	{"provision/remote", "Machines"},
	{"provision/dedicated", "Machines"},
	{"provision/wildcard", "Links and certificates"},
	{"provision/gateway", "Links and certificates"},
	{"provision", "Previews"},
	{"internal/host", "Machines"},
	{"internal/worktree", "Previews"},
	{"internal/config", "offshoot.yaml"},
	{"internal/starter", "offshoot.yaml"},
	{"internal/ci", "Pull requests"},
	{"internal/forge", "Pull requests"},
	{"internal/planner", "Plans and rehearsals"},
	{"internal/rehearse", "Plans and rehearsals"},
	{"internal/facts", "Plans and rehearsals"},
	{"cmd/offshoot", "The command line"},
}

// messages are those of all calls of hint.Wrap and hint.Usage that say both in the code.
func messages(t *testing.T) []message {
	t.Helper()
	var all []message
	for _, s := range tree(t) {
		if s.test() || s.shop() {
			continue
		}
		area := "Elsewhere"
		for _, a := range areas {
			if strings.HasPrefix(s.dir(), a.prefix) {
				area = a.title
				break
			}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || !called(call.Fun, "hint", "Wrap", "Usage") {
				return true
			}
			text, hint := literal(said(call.Args[0])), literal(call.Args[1])
			if telling(text) && hint != "" && s.dir() != "internal/picture" && s.dir() != "internal/site" {
				all = append(all, message{area, shown(text), shown(hint)})
			}
			return true
		})
	}
	slices.SortFunc(all, func(a, b message) int {
		return cmp.Or(cmp.Compare(a.area, b.area), cmp.Compare(a.text, b.text), cmp.Compare(a.hint, b.hint))
	})
	return slices.Compact(all)
}

func called(f ast.Expr, pkg string, names ...string) bool {
	selector, ok := f.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := selector.X.(*ast.Ident)
	return ok && x.Name == pkg && slices.Contains(names, selector.Sel.Name)
}

// said is the text of errors.New or fmt.Errorf.
func said(e ast.Expr) ast.Expr {
	call, ok := e.(*ast.CallExpr)
	if ok && len(call.Args) > 0 && (called(call.Fun, "errors", "New") || called(call.Fun, "fmt", "Errorf")) {
		return call.Args[0]
	}
	return nil
}

// literal is a text that stands in the code, in one piece or joined by plus.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		left, right := literal(e.X), literal(e.Y)
		if left != "" && right != "" {
			return left + right
		}
	}
	return ""
}

// telling tells whether a text has words of its own, by which it can be found.
func telling(text string) bool {
	return len(regexp.MustCompile(`[^\pL]`).ReplaceAllString(verbs.ReplaceAllString(text, ""), "")) > 3
}

var verbs = regexp.MustCompile(`%[-+# 0]*(?:\[\d+\])?[0-9]*(?:\.[0-9]+)?[a-zA-Z]`)

// shown is a format as people see it, with a mark for what differs.
func shown(format string) string {
	text := strings.ReplaceAll(verbs.ReplaceAllString(format, "…"), "%%", "%")
	return strings.TrimSpace(strings.TrimSuffix(strings.ReplaceAll(text, "\n", " "), ": …"))
}

func TestMessages_AreOnAPageByTheirWords(t *testing.T) {
	page := filepath.Join(root(t), "docs", "messages.md")
	var b strings.Builder
	b.WriteString("# Messages\n\nErrors that say what to do about it, as they are in the program (`make generate`). " +
		"Look for words of yours\nwith the browser's search; `…` stands for what differs. The ones that people meet " +
		"first are in\n[Troubleshooting](troubleshooting.md).\n")
	area := ""
	escape := strings.NewReplacer("|", "\\|", "`", "'", "<", "&lt;", "*", "\\*", "_", "\\_")
	for _, m := range messages(t) {
		if m.area != area {
			area = m.area
			fmt.Fprintf(&b, "\n## %s\n\n| message | what to do |\n|---|---|\n", area)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", escape.Replace(m.text), escape.Replace(m.hint))
	}
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("docs/messages.md is stale: run make generate: %s", diff)
	}
}

// What Troubleshooting quotes between backquotes in the first column, is in the program.
func TestMessages_OfTroubleshootingAreInTheProgram(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	var code []string
	for _, s := range tree(t) {
		if s.test() || s.shop() {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if found := literal(e); found != "" {
					code = append(code, shown(found))
				}
			}
			return true
		})
	}
	quoted := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1)
	if len(quoted) < 25 {
		t.Errorf("only %d messages", len(quoted))
	}
	for _, found := range quoted {
		parts := strings.Split(found[1], "…")
		if !slices.ContainsFunc(code, func(literal string) bool {
			for _, part := range parts {
				_, after, ok := strings.Cut(literal, strings.TrimSpace(part))
				if !ok {
					return false
				}
				literal = after
			}
			return true
		}) {
			t.Errorf("no error of the program says %q", found[1])
		}
	}
}
