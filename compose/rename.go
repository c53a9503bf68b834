package compose

import (
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
)

// renameContainers drops fixed container names, which two generations cannot
// share. Inside the networks the name still resolves, as an alias.
func renameContainers(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		name := s.ContainerName
		if name == "" {
			return
		}
		s.ContainerName = ""
		for _, key := range sorted(s.Networks) {
			n := s.Networks[key]
			if n == nil {
				n = &types.ServiceNetworkConfig{}
			}
			if name != s.Name && !slices.Contains(n.Aliases, name) {
				n.Aliases = append(n.Aliases, name)
			}
			s.Networks[key] = n
		}
		e.usual(s.Name, "container_name "+name+" is an alias only", "generations run side by side")
	})
}

// renameProject gives the generation its own compose project. It comes after
// what compares names with the old one.
func renameProject(e *edit) {
	old := e.Name
	e.Name = e.ProjectName()
	if e.Project.Environment != nil {
		e.Project.Environment["COMPOSE_PROJECT_NAME"] = e.Name
	}
	e.usual("", "project "+old+" is "+e.Name, "every generation of a preview is a project of its own")
}
