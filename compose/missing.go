package compose

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// missing collects the variables that a project uses and cannot see.
type missing struct {
	interpolated map[string]bool            // name → has a default
	args         map[string]map[string]bool // service → build arguments without a value
}

func newMissing() *missing {
	return &missing{interpolated: map[string]bool{}, args: map[string]map[string]bool{}}
}

// variable matches ${NAME…} and $NAME; the last group is the modifier.
var variable = regexp.MustCompile(`\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)([^A-Za-z0-9_]?)|([A-Za-z_][A-Za-z0-9_]*))`)

// watch notes every lookup that fails during interpolation. It wraps Substitute,
// not LookupValue, because included files keep only the former.
func (m *missing) watch(o *interpolation.Options) {
	if o == nil {
		return
	}
	substitute := o.Substitute
	o.Substitute = func(tmpl string, lookup template.Mapping) (string, error) {
		for _, groups := range variable.FindAllStringSubmatch(tmpl, -1) {
			name, modifier := groups[1]+groups[3], groups[2]
			if _, ok := lookup(name); name != "" && !ok {
				hasDefault := modifier != "" && modifier != "}"
				m.interpolated[name] = hasDefault
			}
		}
		return substitute(tmpl, lookup)
	}
}

// buildArgs notes build arguments that take their value from the environment;
// loading drops those that have none.
func (m *missing) buildArgs(name string, service map[string]any, env types.Mapping) {
	build, _ := service["build"].(map[string]any)
	names := texts(build["args"])
	if byName, ok := build["args"].(map[string]any); ok {
		names = nil
		for arg, value := range byName {
			if value == nil {
				names = append(names, arg)
			}
		}
	}
	for _, arg := range names {
		if _, ok := env[arg]; ok || strings.Contains(arg, "=") {
			continue
		}
		if m.args[name] == nil {
			m.args[name] = map[string]bool{}
		}
		m.args[name][arg] = true
	}
}

// changes says which variables are missing, and which of them only the process
// environment has.
func (m *missing) changes(p *types.Project, l *loading) []Change {
	var changes []Change
	for _, name := range sorted(m.interpolated) {
		if c, ok := l.empty("", name, m.interpolated[name]); ok {
			changes = append(changes, c)
		}
	}
	for _, service := range p.ServiceNames() {
		for _, arg := range sorted(m.args[service]) {
			if c, ok := l.empty(service, arg, true); ok {
				changes = append(changes, c)
			}
		}
		env := p.Services[service].Environment
		for _, name := range sorted(env) {
			if env[name] != nil {
				continue
			}
			if c, ok := l.empty(service, name, true); ok {
				changes = append(changes, c)
			}
		}
	}
	return changes
}

func (l *loading) empty(service, name string, fine bool) (Change, bool) {
	if _, here := os.LookupEnv(name); here {
		return Change{
			Service: service,
			What:    "variable " + name + " is not passed on",
			Why:     "it is set in this process only; add it to preview.environment if the preview may see it",
		}, true
	}
	if fine {
		return Change{}, false
	}
	why := "it is neither in " + l.dotenv() + " nor in preview.environment" + l.inSample(name)
	return Change{Service: service, What: "variable " + name + " is empty", Why: why}, true
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
