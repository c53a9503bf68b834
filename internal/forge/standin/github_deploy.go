package standin

import (
	"net/http"
	"slices"
)

func (g *gitHub) listDeployments(w http.ResponseWriter, req *http.Request) {
	environment := req.FormValue("environment")
	found := slices.DeleteFunc(slices.Clone(g.deployments), func(d Deployment) bool {
		return environment != "" && d.Environment != environment
	})
	slices.Reverse(found) // the newest first
	list := []object{}
	for _, d := range page(g.Repository, w, req, found, "per_page", 100) {
		list = append(list, g.deploymentOf(d))
	}
	answer(w, http.StatusOK, list)
}

func (g *gitHub) deploymentOf(d Deployment) object {
	return with(g.example("deployment-items"), object{
		"id": d.ID, "sha": d.Commit, "ref": d.Commit, "environment": d.Environment,
		"transient_environment": d.Transient, "production_environment": d.Production,
	})
}

func (g *gitHub) addDeployment(w http.ResponseWriter, req *http.Request) {
	var body struct {
		Ref, Environment string
		Contexts         *[]string `json:"required_contexts"`
		Transient        bool      `json:"transient_environment"`
		Production       bool      `json:"production_environment"`
		AutoMerge        *bool     `json:"auto_merge"`
	}
	if err := read(req, &body); err != nil {
		panic(err)
	}
	if body.Contexts == nil || len(*body.Contexts) > 0 || body.AutoMerge == nil || *body.AutoMerge {
		// GitHub would wait for the checks of the commit, or merge into it.
		answer(w, http.StatusConflict, object{"message": "Conflict: Commit status checks are missing"})
		return
	}
	d := Deployment{
		ID: g.id(), Commit: body.Ref, Environment: body.Environment, Transient: body.Transient,
		Production: body.Production,
	}
	g.deployments = append(g.deployments, d)
	answer(w, http.StatusCreated, g.deploymentOf(d))
}

func (g *gitHub) deployment(id int64) *Deployment {
	if at := slices.IndexFunc(g.deployments, func(d Deployment) bool { return d.ID == id }); at >= 0 {
		return &g.deployments[at]
	}
	return nil
}

// deleteDeployment refuses an active one, as GitHub does unless it is the only
// one of the repository.
func (g *gitHub) deleteDeployment(w http.ResponseWriter, req *http.Request) {
	d := g.deployment(pathID(req))
	switch {
	case d == nil:
		gitHubNotFound(w)
	case len(d.States) == 0 || d.States[len(d.States)-1] != "inactive":
		answer(w, http.StatusUnprocessableEntity,
			object{
				"message":           "We cannot delete an active deployment unless it is the only deployment",
				"documentation_url": "",
			})
	default:
		g.deployments = slices.DeleteFunc(g.deployments, func(other Deployment) bool { return other.ID == d.ID })
		w.WriteHeader(http.StatusNoContent)
	}
}

func (g *gitHub) setDeployment(w http.ResponseWriter, req *http.Request) {
	var body struct {
		State, Description string
		EnvironmentURL     string `json:"environment_url"`
	}
	if err := read(req, &body); err != nil {
		panic(err)
	}
	d := g.deployment(pathID(req))
	if d == nil {
		gitHubNotFound(w)
		return
	}
	d.States = append(d.States, body.State)
	if body.EnvironmentURL != "" {
		d.URL = body.EnvironmentURL
	}
	answer(w, http.StatusCreated,
		with(g.example("deployment-status"), object{"state": body.State, "environment_url": body.EnvironmentURL}))
}

// deleteEnvironment takes an administrator: the token of a job cannot have that
// permission, whatever its workflow asks for.
func (g *gitHub) deleteEnvironment(w http.ResponseWriter, req *http.Request) {
	if g.JobToken {
		answer(w, http.StatusForbidden,
			object{"message": "Resource not accessible by integration", "documentation_url": ""})
		return
	}
	g.removed = append(g.removed, req.PathValue("name"))
	w.WriteHeader(http.StatusNoContent)
}
