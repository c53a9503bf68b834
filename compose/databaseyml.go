package compose

import (
	"cmp"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// railsFile is where Rails says which database it uses.
// https://guides.rubyonrails.org/configuring.html#configuring-a-database
const railsFile = "config/database.yml"

// FrameworkUses reads from the checkout which database an application uses,
// where its compose file does not tell: from Rails' file at root and in the
// folders that services are built from. Of names that are made by code those are
// known that are one variable, or what is taken without it, and other frameworks' settings are code.
func FrameworkUses(root string, p *types.Project, database string) []DatabaseUse {
	hosts := hostsOf(p, database)
	checkout, err := os.OpenRoot(root)
	if err != nil {
		return nil
	}
	defer checkout.Close()
	var uses []DatabaseUse
	for _, folder := range buildFolders(root, p) {
		file := path.Join(folder, railsFile)
		for _, name := range railsDatabases(readShort(checkout, file), railsEnvironment(p), hosts,
			variablesOf(p, database)) {
			uses = append(uses, DatabaseUse{Source: file, Name: name})
		}
	}
	return uses
}

// buildFolders are the folders of the checkout that the project lies in and that
// its services are built from, relative to the root, and the root itself.
func buildFolders(root string, p *types.Project) []string {
	folders, paths := []string{"."}, []string{p.WorkingDir}
	for _, name := range p.ServiceNames() {
		if b := p.Services[name].Build; b != nil {
			paths = append(paths, b.Context)
		}
	}
	for _, at := range paths {
		folder, err := filepath.Rel(root, at)
		if folder = filepath.ToSlash(folder); err == nil && filepath.IsAbs(at) && filepath.IsLocal(folder) &&
			!slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	return folders
}

// readShort reads a file that a stranger may have made; nothing where there is
// none.
func readShort(root *os.Root, name string) string {
	const most = 64 << 10
	if info, err := root.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return ""
	}
	file, err := root.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, _ := io.ReadAll(io.LimitReader(file, most))
	return string(text)
}

// variablesOf looks a variable up in the environments of the services.
func variablesOf(p *types.Project, database string) func(name string) string {
	return func(name string) string {
		for _, service := range p.ServiceNames() {
			if v := p.Services[service].Environment[name]; service != database && v != nil && *v != "" {
				return *v
			}
		}
		return ""
	}
}

func railsEnvironment(p *types.Project) string {
	for _, name := range p.ServiceNames() {
		for _, variable := range []string{"RAILS_ENV", "RACK_ENV"} {
			if v := p.Services[name].Environment[variable]; v != nil && *v != "" {
				return *v
			}
		}
	}
	return "development"
}

var (
	erbStatement = regexp.MustCompile(`(?s)<%[^=].*?%>`)
	erbValue     = regexp.MustCompile(`(?s)<%=.*?%>`)
	// One variable, and what is to be taken without it: ENV["A"], ENV["A"] || "b",
	// ENV.fetch("A", "b"), ENV.fetch("A") { "b" }.
	erbVariable = regexp.MustCompile(`^<%=\s*ENV(?:\.fetch)?\s*[\[(]\s*["'](\w+)["']\s*[\])]?\s*(?:(?:,|\|\||\{)\s*["']([^"']*)["']\s*[)}]?)?\s*-?%>$`)
	plainWord   = regexp.MustCompile(`^[\w.-]+$`)
)

// evaluated is what such an expression comes to; {} where that is not known.
func evaluated(expression string, variable func(name string) string) string {
	if m := erbVariable.FindStringSubmatch(expression); m != nil {
		if value := cmp.Or(variable(m[1]), m[2]); plainWord.MatchString(value) {
			return value
		}
	}
	return "{}"
}

// railsDatabases reads the databases of an environment; of several, the one
// that is called primary comes alone: the others are caches and queues. One on
// another host is none of the stack's.
func railsDatabases(text, environment string, hosts []string, variable func(name string) string) []string {
	text = erbValue.ReplaceAllStringFunc(erbStatement.ReplaceAllString(text, ""),
		func(e string) string { return evaluated(e, variable) })
	var file map[string]any
	if yaml.Load([]byte(strings.ReplaceAll(text, `"{}"`, "{}")), &file) != nil {
		return nil
	}
	settings, _ := file[environment].(map[string]any)
	if several, ok := settings["primary"].(map[string]any); ok {
		settings = several
	}
	name, _ := settings["database"].(string)
	adapter, told := settings["adapter"].(string)
	_, url := settings["url"]
	if host, plain := settings["host"].(string); plain && !leadsTo(host, hosts) {
		return nil
	}
	if !validDatabase(name) || url || told && !strings.HasPrefix(adapter, "post") {
		return nil
	}
	return []string{name}
}
