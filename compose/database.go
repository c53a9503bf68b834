package compose

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// FindDatabase names the PostgreSQL service of p: want when it is not empty,
// else the only service whose image or build looks like PostgreSQL. None or
// several is a usage error that names them and the key preview.database.
func FindDatabase(p *types.Project, want string) (string, error) {
	if want != "" {
		if _, ok := p.Services[want]; ok {
			return want, nil
		}
		return "", noService(p, "preview.database", want)
	}
	var found []string
	for _, name := range p.ServiceNames() {
		if isDatabase(p.Services[name]) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", hint.Usage(fmt.Errorf("no PostgreSQL service among %s", strings.Join(p.ServiceNames(), ", ")),
			"name it under preview.database in offshoot.yaml")
	}
	return "", hint.Usage(fmt.Errorf("%d PostgreSQL services: %s", len(found), strings.Join(found, ", ")),
		"choose one under preview.database in offshoot.yaml")
}

// LooksLikePostgres tells whether a service says that it is PostgreSQL: by its
// image's name, by how it is built, or by what the image, which may not be there
// yet, has in its environment and on volumes.
func LooksLikePostgres(s types.ServiceConfig, image ImageConfig) bool {
	postgres := keepers[0]
	moved := s.Environment["PGDATA"] != nil || image.Env["PGDATA"] != "" || image.Env["PG_MAJOR"] != ""
	return isDatabase(s) || moved || slices.ContainsFunc(image.Volumes, func(v string) bool {
		return slices.ContainsFunc(postgres.homes, func(dir string) bool { return holds(v, dir) })
	})
}

var (
	serverImage = regexp.MustCompile(`postgres|postgis|pgvector|pgvecto-rs|timescale|citus|paradedb|spilo`)
	// clientImage are the tools around PostgreSQL that carry its name.
	clientImage = regexp.MustCompile(`exporter|backup|client|rest|admin|operator|bouncer|pool|proxy|meta|dump|restore|migrat|web|ui$`)
	serverName  = regexp.MustCompile(`(^|[-_])(postgres(ql)?|postgis|pgvector|timescale(db)?|pg(sql)?)([-_]?db)?($|[-_0-9])`)
)

func isDatabase(s types.ServiceConfig) bool {
	if s.Image != "" && isServerImage(s.Image) {
		return true
	}
	if s.Build == nil {
		return false
	}
	if hasPort(s, 5432) || serverName.MatchString(s.Name) && !clientImage.MatchString(s.Name) {
		return true
	}
	generic := slices.Contains([]string{"db", "database"}, s.Name)
	_, password := s.Environment["POSTGRES_PASSWORD"]
	return generic && password
}

func isServerImage(image string) bool {
	name, _ := splitImage(image)
	if last := path.Base(name); clientImage.MatchString(last) {
		return false
	}
	return serverImage.MatchString(path.Base(name))
}

// hasPort tells whether a service declares the container port, published or not.
func hasPort(s types.ServiceConfig, port uint32) bool {
	for _, p := range s.Ports {
		if p.Target == port {
			return true
		}
	}
	text := fmt.Sprint(port)
	return slices.Contains(s.Expose, text) || slices.Contains(s.Expose, text+"/tcp")
}
