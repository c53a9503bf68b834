package standin

import (
	"net/http"
	"slices"
)

// Number is the forge's own of the repository.
const Number = 42

// knows tells whether the repository has a name, or had it.
func (r *Repository) knows(name string) (now, before bool) {
	return name == Owner+"/"+Name, slices.Contains(r.Formerly, name)
}

func (r *Repository) described() object {
	return object{
		"id": Number, "name": Name, "full_name": Owner + "/" + Name, // GitHub, Gitea
		"path_with_namespace": Owner + "/" + Name, // GitLab
	}
}

// repository answers as GitHub and Gitea do: under a former name with the way to
// the present one.
func (r *Repository) repository(present string, none func(http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		now, before := r.knows(req.PathValue("owner") + "/" + req.PathValue("name"))
		switch {
		case now:
			answer(w, http.StatusOK, r.described())
		case before:
			http.Redirect(w, req, present, http.StatusMovedPermanently)
		default:
			none(w)
		}
	}
}

func (g *gitHub) byNumber(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, g.described())
}

// project answers for a former path as for the present one, as GitLab does.
func (g gitLab) project(w http.ResponseWriter, req *http.Request) {
	now, before := g.knows(req.PathValue("path"))
	if !now && !before {
		gitLabNotFound(w, "404 Project Not Found")
		return
	}
	answer(w, http.StatusOK, g.described())
}
