package standin

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// undescribed tells requests for a file, or for the repository. The trimmed
// descriptions lack them, and could not check a path with slashes; the faces are
// made after the forges' documentation:
// https://docs.github.com/rest/repos/contents, https://docs.gitlab.com/api/repository_files/,
// https://docs.github.com/rest/deployments/environments,
// https://docs.github.com/rest/repos/repos#get-a-repository, https://docs.gitlab.com/api/projects/.
func undescribed(req *http.Request) bool {
	const base = "/repos/" + Owner + "/" + Name
	_, path, below := strings.Cut(req.URL.Path, "/repos/")
	if below && strings.Count(path, "/") == 1 || strings.Contains(req.URL.Path, "/repositories/") {
		return true
	}
	if strings.Contains(req.URL.Path, base+"/environments/") {
		return true
	}
	return strings.Contains(req.URL.Path, base+"/contents/") || strings.Contains(req.URL.Path, base+"/raw/")
}

// branchOf is the branch that is asked about; without a name, or as GitLab calls
// it, the default one, which is main here.
func branchOf(req *http.Request) string {
	if ref := req.FormValue("ref"); ref != "" && ref != "HEAD" {
		return ref
	}
	return "main"
}

func (g *gitHub) contents(w http.ResponseWriter, req *http.Request) {
	path := req.PathValue("path")
	content, found := g.files[branchOf(req)+":"+path]
	if !found {
		gitHubNotFound(w)
		return
	}
	answer(w, http.StatusOK, object{
		"type": "file", "encoding": "base64", "size": len(content), "name": path, "path": path, "sha": "",
		"content": base64.StdEncoding.EncodeToString([]byte(content)),
	})
}

func (g gitLab) file(w http.ResponseWriter, req *http.Request) {
	g.raw(w, req, func(w http.ResponseWriter) { gitLabNotFound(w, "404 File Not Found") })
}

func (r *Repository) raw(w http.ResponseWriter, req *http.Request, none func(http.ResponseWriter)) {
	content, found := r.files[branchOf(req)+":"+req.PathValue("path")]
	if !found {
		none(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(content))
}
