package layout

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// table says which packages of ours a package may import. internal/hint and
// internal/repository are for all and not listed; cmd/offshoot may import everything.
var table = map[string][]string{
	"subset/catalog":   {},
	"subset/mask":      {"subset/catalog", "internal/document"},
	"subset/snapshot":  {"subset/catalog", "internal/conninfo", "internal/pooler"},
	"subset/plan":      {"subset/catalog", "subset/mask", "internal/conninfo", "internal/document"},
	"subset/reference": {"subset/catalog"},
	"subset/walk":      {"subset/plan", "subset/snapshot", "subset/catalog"},
	"subset/score":     {"subset/plan", "subset/snapshot", "subset/catalog", "internal/document"},
	"subset": {
		"subset/plan", "subset/reference", "subset/walk", "subset/score", "subset/snapshot",
		"subset/catalog", "subset/mask", "internal/conninfo", "internal/document", "internal/facts", "internal/sqltext",
	},
	"subset/sink": {
		"subset", "subset/catalog", "internal/conninfo", "internal/pooler", "internal/pgarchive",
		"internal/pgtool", "internal/relay", "internal/lock", "internal/facts",
	},
	"compose":           {"internal/host", "internal/stall"},
	"provision/gateway": {"internal/host", "internal/worktree", "internal/whole"},
	"provision": {
		"compose", "provision/gateway", "provision/machine", "internal/guard",
		"internal/host", "internal/pgtool", "internal/worktree", "internal/lock", "internal/facts", "internal/rehearse",
		"internal/compat", "internal/planner", "internal/queryplan", "internal/sqltext",
	},
	"provision/docker":      {"provision", "provision/machine", "compose", "internal/host"},
	"provision/ec2":         {"provision/machine", "internal/host"},
	"provision/ec2/standin": {}, // answers in place of EC2 in the tests
	"provision/machine":     {"internal/host"},
	"provision/remote": {
		"provision", "compose", "internal/document", "internal/host", "internal/stall",
		"internal/whole", "internal/lock",
	},
	"provision/dedicated": {
		"provision", "provision/machine", "provision/remote", "compose",
		"internal/guard", "internal/host",
	},
	"provision/machine/machinetest": {"provision/machine", "internal/host"},
	"provision/sweep":               {"provision", "provision/machine", "internal/document"},
	"provision/wildcard":            {"provision/gateway", "internal/store"},
	"provision/testdata/program":    {"provision/gateway"}, // runs in the containers of the tests
	"internal/bastion":              {"internal/conninfo", "internal/host"},
	"internal/bench":                {"internal/document"},
	"internal/document":             {},
	"internal/whole":                {},
	"internal/worktree":             {"internal/host"},
	"internal/facts":                {"internal/pgarchive", "internal/document"},
	"internal/compat":               {"internal/document", "internal/sqltext"},
	"internal/rehearse": {
		"internal/compat", "internal/document", "internal/facts", "internal/queryplan", "internal/sqltext",
	},
	"internal/queries": {
		"internal/compat", "internal/document", "internal/rehearse", "internal/sqltext", "internal/visit",
	},
	"internal/checks": {
		"internal/document", "internal/queries", "internal/rehearse", "internal/sqltext", "internal/store",
		"internal/visit", "internal/whole",
	},
	"internal/visit":              {},
	"internal/sqltext":            {},
	"internal/forge":              {},
	"internal/forge/forgetest":    {"internal/forge"},
	"internal/forge/standin":      {"internal/forge"}, // answers in place of the forges in the tests
	"internal/forge/standin/trim": {},
	"internal/guard":              {},
	"internal/hint":               {},
	"internal/host":               {},
	"internal/host/hosttest":      {"internal/host"},
	"internal/layout":             {},
	"internal/mutants":            {"internal/host"},
	"internal/lock":               {},
	"internal/pgarchive":          {},
	"internal/pgtest":             {"internal/host"},
	"internal/pgtool":             {"internal/host", "internal/conninfo"},
	"internal/conninfo":           {"internal/stall"},
	"internal/picture":            {},
	"internal/pooler":             {},
	"internal/scratch":            {"internal/host", "internal/pgtool"},
	"internal/starter":            {"compose"},
	"internal/rds":                {"internal/conninfo"},
	"internal/report":             {"internal/document"},
	"internal/relay":              {},
	"internal/repository":         {},
	"internal/queryplan":          {"internal/document"},
	"internal/planner":            {"internal/document", "internal/queryplan", "internal/facts", "internal/scratch", "internal/sqltext"},
	"internal/config": {
		"subset/plan", "subset/mask", "compose", "provision", "provision/gateway",
		"provision/wildcard", "internal/bastion", "internal/checks", "internal/rehearse", "internal/store",
		"internal/vault",
	},
	"internal/ci":             {"internal/forge", "internal/guard", "internal/report"},
	"internal/layout/figures": {},
	"internal/site":           {},
	"internal/soak":           {},
	"internal/stall":          {},
	"internal/store":          {"internal/stall", "internal/whole"},
	"internal/ui":             {"internal/document"},
	"internal/vault":          {},
}

// modules says which packages may import what from elsewhere, by prefix. What
// is not listed here is not fenced in.
var modules = map[string][]string{
	"github.com/jackc/pgx/": {
		"subset", "subset/catalog", "subset/score", "subset/sink", "subset/snapshot",
		"subset/walk", "internal/conninfo", "internal/planner", "internal/pooler", "internal/pgtest", "internal/pgtool",
		"internal/relay", "cmd/offshoot",
	},
	"github.com/brianvoe/gofakeit/": {"subset/mask"},
	"github.com/jinzhu/inflection":  {"subset/reference"},
	"github.com/aws/":               {"provision/ec2", "internal/rds", "internal/store", "internal/vault"},
	"github.com/compose-spec/":      {"compose", "provision"},
	"github.com/docker/compose/":    {"compose"},
	"github.com/docker/cli/":        {"compose"},
	"github.com/moby/buildkit/":     {"compose"},
	"github.com/spf13/cobra":        {"cmd/offshoot"},
	"github.com/google/renameio/":   {"internal/whole"},
	"github.com/charmbracelet/x/":   {"internal/ui"},
	"golang.org/x/crypto/ssh":       {"internal/host"},
	"github.com/google/go-github/":  {"internal/forge"},
	"gitlab.com/gitlab-org/api/":    {"internal/forge"},
	"code.gitea.io/sdk/":            {"internal/forge"},
	"github.com/getkin/kin-openapi": {"internal/forge/standin"},
	"github.com/caddyserver/":       {"provision/gateway", "provision/wildcard"},
	"github.com/mholt/acmez/":       {"provision/gateway"},
	"github.com/libdns/":            {"provision/wildcard"},
	"github.com/yuin/goldmark":      {"internal/picture", "internal/site"},
	"pgregory.net/rapid":            {},
	"github.com/google/go-cmp/":     {"provision/machine/machinetest", "internal/forge/forgetest"},
	"github.com/rogpeppe/go-intern": {},
	module + "/internal/pgtest":     {},
}

func TestImports_FollowTheTable(t *testing.T) {
	for _, s := range tree(t) {
		if s.shop() || s.test() || s.dir() == "cmd/offshoot" {
			continue
		}
		allowed, known := table[s.dir()]
		if !known {
			t.Errorf("%s: package %s is not in the import table", s.path, s.dir())
			continue
		}
		for _, imported := range ours(s) {
			if imported != "internal/hint" && imported != "internal/repository" && !slices.Contains(allowed, imported) {
				t.Errorf("%s: %s may not import %s", s.path, s.dir(), imported)
			}
		}
	}
}

func TestImports_NobodyImportsTheCommand(t *testing.T) {
	for _, s := range tree(t) {
		if slices.Contains(ours(s), "cmd/offshoot") {
			t.Errorf("%s imports cmd/offshoot", s.path)
		}
	}
}

// The pipelines are kept apart in tests too.
func TestImports_PipelinesNeverMeet(t *testing.T) {
	for _, s := range tree(t) {
		if s.shop() || pipeline(s.dir()) == "" {
			continue
		}
		for _, imported := range ours(s) {
			if p := pipeline(imported); p != "" && p != pipeline(s.dir()) {
				t.Errorf("%s, of the %s pipeline, imports %s", s.path, pipeline(s.dir()), imported)
			}
		}
	}
}

func TestImports_OfOtherModulesStayWhereTheyBelong(t *testing.T) {
	for _, s := range tree(t) {
		if s.shop() || s.test() {
			continue
		}
		for _, prefix := range slices.Sorted(maps.Keys(modules)) {
			for _, imported := range s.imports {
				if strings.HasPrefix(imported, prefix) && !slices.Contains(modules[prefix], s.dir()) {
					t.Errorf("%s: %s may not import %s", s.path, s.dir(), imported)
				}
			}
		}
	}
}

func TestImports_OnlyHostRunsCommands(t *testing.T) {
	for _, s := range tree(t) {
		if s.shop() || s.test() || s.dir() == "internal/host" || s.dir() == "internal/host/hosttest" ||
			s.dir() == "internal/pgtest" {
			continue
		}
		if slices.Contains(s.imports, "os/exec") {
			t.Errorf("%s imports os/exec: only internal/host runs commands", s.path)
		}
	}
}

// Git runs what the configuration of a repository names; internal/worktree keeps
// it from that.
func TestImports_OnlyWorktreeRunsGit(t *testing.T) {
	for _, s := range tree(t) {
		if s.shop() || s.test() || s.path == "internal/worktree/git.go" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			list, ok := n.(*ast.CompositeLit)
			if !ok || len(list.Elts) == 0 {
				return true
			}
			if word, ok := list.Elts[0].(*ast.BasicLit); ok && word.Value == `"git"` {
				t.Errorf("%s names git first in a list: ask it by internal/worktree", s.path)
			}
			return true
		})
	}
}

// ours lists the imports of s in this module, below its path.
func ours(s source) []string {
	var dirs []string
	for _, imported := range s.imports {
		if dir, ok := strings.CutPrefix(imported, module+"/"); ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// pipeline names the pipeline a folder belongs to, or none.
func pipeline(dir string) string {
	switch first, _, _ := strings.Cut(dir, "/"); first {
	case "subset":
		return "subset"
	case "compose", "provision":
		return "preview"
	}
	return ""
}
