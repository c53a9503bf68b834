package provision

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

// The variables by which the services of a preview know where they are.
const (
	variablePreview = "OFFSHOOT_PREVIEW"
	variableURL     = "OFFSHOOT_URL"  // and OFFSHOOT_URL_WEB, where several services are shown
	variableHost    = "OFFSHOOT_HOST" // and OFFSHOOT_HOST_WEB
	variableCommit  = "OFFSHOOT_COMMIT"
	variablePull    = "OFFSHOOT_PULL_REQUEST"
	variableBranch  = "OFFSHOOT_BRANCH"
)

// variables are what the services of a generation are told, with a gateway
// there. Addresses end without a slash, to be continued by a path.
func (g generation) variables(at entrance) map[string]string {
	links := g.links(at)
	if len(links) == 0 { // not known yet: that of the only one, whichever it is
		links = generation{Preview: g.Preview, Expose: []port{{}}}.links(at)
	}
	pull := ""
	if g.Preview.PullRequest > 0 {
		pull = strconv.Itoa(g.Preview.PullRequest)
	}
	variables := map[string]string{
		variablePreview: g.Preview.ID, variableURL: links[0].base(), variableHost: links[0].host(),
		variableCommit: g.Commit,
		variablePull:   pull, variableBranch: g.Preview.Branch,
	}
	if len(links) > 1 {
		for _, link := range slices.Backward(links) { // of two that come to one name, the first
			variables[variableURL+"_"+variableName(link.Service)] = link.base()
			variables[variableHost+"_"+variableName(link.Service)] = link.host()
		}
	}
	return withoutEmpty(variables)
}

// base is the address without a path, as applications are told their own.
func (l Link) base() string { return strings.TrimSuffix(l.URL, "/") }

// host is the name in it, as settings of frameworks want it.
func (l Link) host() string {
	parsed, err := url.Parse(l.URL)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

var notVariable = regexp.MustCompile(`[^A-Z0-9]+`)

// variableName makes my-api into MY_API.
func variableName(service string) string {
	return notVariable.ReplaceAllString(strings.ToUpper(service), "_")
}

// introduce sets the variables in every service that does not set them itself.
// It changes the project.
func introduce(project *types.Project, variables map[string]string) compose.Change {
	for name, s := range project.Services {
		environment := types.MappingWithEquals{}
		for variable, value := range variables {
			environment[variable] = &value
		}
		for variable, value := range s.Environment {
			if value != nil || environment[variable] == nil {
				environment[variable] = value
			}
		}
		s.Environment = environment
		project.Services[name] = s
	}
	return compose.Change{
		What: "variables " + strings.Join(slices.Sorted(maps.Keys(variables)), ", "),
		Why:  "every service can tell where it is; what the file sets itself stays", Usual: true,
	}
}
