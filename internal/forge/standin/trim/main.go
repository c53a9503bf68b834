// Command trim reads the OpenAPI description of a forge on stdin and writes what
// the stand-ins need of it on stdout: the operations that offshoot uses, with
// all that they refer to, without prose.
//
//	npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
//	trim github <package/generated/api.github.com.json >internal/forge/standin/github.openapi.json
//	dir=$(go mod download -json code.gitea.io/gitea@v1.27.3 | jq -r .Dir)
//	trim gitea <"$dir/templates/swagger/v1_openapi3_json.tmpl" >internal/forge/standin/gitea.openapi.json
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// A source is one forge's description.
type source struct {
	title, by, notice string
	used              []string // operations, as method and path
}

var gitHub = source{
	"GitHub REST API", "GitHub and the Octokit contributors", "LICENSE.octokit",
	[]string{
		"get /user",
		"get /repos/{owner}/{repo}/pulls",
		"get /repos/{owner}/{repo}/pulls/{pull_number}",
		"get /repos/{owner}/{repo}/collaborators/{username}/permission",
		"post /repos/{owner}/{repo}/statuses/{sha}",
		"get /repos/{owner}/{repo}/issues/{issue_number}/comments",
		"post /repos/{owner}/{repo}/issues/{issue_number}/comments",
		"patch /repos/{owner}/{repo}/issues/comments/{comment_id}",
		"delete /repos/{owner}/{repo}/issues/comments/{comment_id}",
		"post /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
		"get /repos/{owner}/{repo}/deployments",
		"post /repos/{owner}/{repo}/deployments",
		"delete /repos/{owner}/{repo}/deployments/{deployment_id}",
		"post /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
	},
}

var gitea = source{
	"Gitea API", "the Gitea authors", "LICENSE.gitea",
	[]string{
		"get /user",
		"get /repos/{owner}/{repo}/pulls",
		"get /repos/{owner}/{repo}/pulls/{index}",
		"get /repos/{owner}/{repo}/collaborators/{collaborator}/permission",
		"get /repos/{owner}/{repo}/assignees",
		"get /repos/{owner}/{repo}/teams",
		"post /repos/{owner}/{repo}/statuses/{sha}",
		"get /repos/{owner}/{repo}/issues/{index}/comments",
		"post /repos/{owner}/{repo}/issues/{index}/comments",
		"patch /repos/{owner}/{repo}/issues/comments/{id}",
		"delete /repos/{owner}/{repo}/issues/comments/{id}",
		"post /repos/{owner}/{repo}/issues/comments/{id}/reactions",
	},
}

type object = map[string]any

func main() {
	from := gitHub
	if len(os.Args) > 1 && os.Args[1] == "gitea" {
		from = gitea
	}
	if err := from.run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "trim:", err)
		os.Exit(1)
	}
}

func (s source) run(in io.Reader, out io.Writer) error {
	var whole object
	if err := json.NewDecoder(in).Decode(&whole); err != nil {
		return err
	}
	kept := object{"openapi": whole["openapi"], "info": s.info(whole), "paths": object{}, "components": object{}}
	paths := kept["paths"].(object)
	for _, name := range s.used {
		method, path, _ := strings.Cut(name, " ")
		operation, err := find(whole, "paths", path, method)
		if err != nil {
			return err
		}
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path].(object)[method] = bare(operation)
	}
	if err := follow(whole, kept, paths); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(kept)
}

// info says where the description is from: its licence wants to be named.
func (s source) info(whole object) object {
	version, _ := find(whole, "info", "version")
	return object{
		"title": s.title + ", the part that offshoot uses", "version": version,
		"description": "Trimmed by internal/forge/standin/trim from the description that " + s.by + " publish.",
		"license":     object{"name": "MIT; the notice is in " + s.notice + " beside this file"},
	}
}

// follow copies every component that at refers to, and theirs.
func follow(whole, kept object, at any) error {
	switch v := at.(type) {
	case []any:
		for _, item := range v {
			if err := follow(whole, kept, item); err != nil {
				return err
			}
		}
	case object:
		if ref, ok := v["$ref"].(string); ok {
			return component(whole, kept, strings.Split(strings.TrimPrefix(ref, "#/components/"), "/"))
		}
		for _, item := range v {
			if err := follow(whole, kept, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func component(whole, kept object, name []string) error {
	if len(name) != 2 {
		return fmt.Errorf("reference to %q", name)
	}
	components := kept["components"].(object)
	if components[name[0]] == nil {
		components[name[0]] = object{}
	}
	group := components[name[0]].(object)
	if group[name[1]] != nil {
		return nil
	}
	found, err := find(whole, "components", name[0], name[1])
	if err != nil {
		return err
	}
	if name[0] != "examples" {
		found = bare(found)
	}
	group[name[1]] = found
	return follow(whole, kept, found)
}

func find(in object, path ...string) (any, error) {
	var at any = in
	for _, step := range path {
		inner, _ := at.(object)
		if at = inner[step]; at == nil {
			return nil, fmt.Errorf("the description has no %s", strings.Join(path, " "))
		}
	}
	return at, nil
}

// bare removes prose and what is GitHub's own, but not where a property only
// has the name of it.
func bare(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	case object:
		for key, inner := range v {
			_, text := inner.(string)
			switch {
			case text && (key == "description" || key == "summary"):
				if key == "description" && v["content"] != nil || v["headers"] != nil {
					v[key] = "" // a response must have one
					continue
				}
				delete(v, key)
			case strings.HasPrefix(key, "x-"), key == "externalDocs", key == "tags" && v["operationId"] != nil:
				delete(v, key)
			default:
				v[key] = bare(inner)
			}
		}
	}
	return v
}
