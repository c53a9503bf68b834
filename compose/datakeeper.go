package compose

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// A keeper is a kind of server that keeps data on the disk, and by what it is
// known.
type keeper struct {
	name     string
	image    *regexp.Regexp // of the last part of an image's name
	versions []string       // variables of its official image, and so of those that are built from it
	homes    []string       // where its images keep data: the official one first
	programs []string       // that start it
	place    []string       // variables and arguments that move the data
}

// keepers are the usual ones. PostgreSQL is known better: see isDatabase.
var keepers = []keeper{
	{
		name: "postgresql", versions: []string{"PG_MAJOR"},
		homes: []string{
			"/var/lib/postgresql/data", "/var/lib/postgresql", "/bitnami/postgresql",
			"/home/postgres/pgdata/data",
		},
		programs: []string{"postgres", "docker-entrypoint.sh"},
		place:    []string{"PGDATA", "POSTGRESQL_DATA_DIR"},
	},
	{
		name: "mysql", image: regexp.MustCompile(`^(mysql|mariadb|percona)(-server|-galera|-xtradb-cluster)?$`),
		versions: []string{"MYSQL_MAJOR", "MYSQL_VERSION", "MARIADB_VERSION"},
		homes:    []string{"/var/lib/mysql", "/bitnami/mysql", "/bitnami/mariadb"},
		programs: []string{"mysqld", "mariadbd", "mysqld_safe"},
		place:    []string{"--datadir"},
	},
	{
		name: "redis", image: regexp.MustCompile(`^(redis|valkey|keydb|dragonfly)(-stack|-stack-server|-cluster)?$`),
		versions: []string{"REDIS_VERSION", "VALKEY_VERSION"},
		homes:    []string{"/data", "/bitnami/redis/data", "/bitnami/valkey/data"},
		programs: []string{"redis-server", "valkey-server", "keydb-server"},
		place:    []string{"--dir"},
	},
	{
		name:     "mongo",
		image:    regexp.MustCompile(`^(mongo|mongodb|percona-server-mongodb)(-(community|enterprise)-server)?$`),
		versions: []string{"MONGO_MAJOR", "MONGO_VERSION"},
		homes:    []string{"/data/db", "/bitnami/mongodb"},
		programs: []string{"mongod"},
		place:    []string{"--dbpath"},
	},
	{
		name: "elasticsearch", image: regexp.MustCompile(`^(elasticsearch|opensearch)(-oss)?$`),
		homes: []string{
			"/usr/share/elasticsearch/data", "/usr/share/opensearch/data",
			"/bitnami/elasticsearch/data",
		},
		programs: []string{"elasticsearch", "eswrapper"},
		place:    []string{"path.data"},
	},
	{
		name: "rabbitmq", image: regexp.MustCompile(`^rabbitmq$`),
		versions: []string{"RABBITMQ_VERSION"},
		homes:    []string{"/var/lib/rabbitmq", "/bitnami/rabbitmq/mnesia"},
		programs: []string{"rabbitmq-server"},
		place:    []string{"RABBITMQ_MNESIA_BASE", "RABBITMQ_MNESIA_DIR"},
	},
	{
		name: "clickhouse", image: regexp.MustCompile(`^clickhouse(-server)?$`),
		versions: []string{"CLICKHOUSE_VERSION"},
		homes:    []string{"/var/lib/clickhouse"},
	},
}

// keeperOf tells which kind of server a service looks like: by its image's
// name, else by what the image says of itself.
func keeperOf(s types.ServiceConfig, image ImageConfig) (keeper, bool) {
	if isDatabase(s) {
		return keepers[0], true
	}
	name, _ := splitImage(s.Image)
	last := path.Base(name)
	for _, k := range keepers[1:] {
		if k.image.MatchString(last) {
			return k, true
		}
	}
	if !strings.HasPrefix(s.Image, imagePrefix) && s.Build == nil {
		return keeper{}, false // a client made of a server's image is no server; one that is built here may be
	}
	for _, k := range keepers {
		if slices.ContainsFunc(k.versions, func(v string) bool { return image.Env[v] != "" }) {
			return k, true
		}
	}
	return keeper{}, false
}

// MayMountData tells whether a service beside the database may have its data on
// a path of this computer, as far as that can be told before the images are
// there: by what the service is called, says, and mounts where such servers keep
// data.
func MayMountData(p *types.Project, database string) bool {
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		if name == database {
			continue
		}
		_, known := keeperOf(s, ImageConfig{})
		for _, v := range s.Volumes {
			if BindSource(p, v) != "" && !v.ReadOnly && (known || isDataHome(s, v.Target)) {
				return true
			}
		}
	}
	return false
}

// isDataHome tells whether a mount at target lies where some server keeps data.
func isDataHome(s types.ServiceConfig, target string) bool {
	for _, k := range keepers {
		for _, dir := range append(slices.Clone(k.homes), k.moved(s, ImageConfig{})) {
			if dir != "" && (holds(target, dir) || holds(dir, target)) {
				return true
			}
		}
	}
	return false
}

// serves tells whether a service starts the server, and does not only use its
// image for a client.
func (k keeper) serves(s types.ServiceConfig) bool {
	switch {
	case s.Entrypoint != nil:
		return false
	case len(s.Command) == 0 || strings.HasPrefix(s.Command[0], "-"):
		return true
	}
	return slices.Contains(k.programs, path.Base(s.Command[0]))
}

// moved is where a service's own words put the data, if they do.
func (k keeper) moved(s types.ServiceConfig, image ImageConfig) string {
	for _, name := range k.place {
		if v := s.Environment[name]; v != nil && path.IsAbs(*v) {
			return path.Clean(*v)
		}
		if dir := argument(s.Command, name); path.IsAbs(dir) {
			return path.Clean(dir)
		}
		if dir := image.Env[name]; path.IsAbs(dir) {
			return path.Clean(dir)
		}
	}
	return ""
}

// argument is what follows --name, with or without an equals sign.
func argument(command []string, name string) string {
	if !strings.HasPrefix(name, "--") {
		return ""
	}
	for i, word := range command {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
		if word == name && i+1 < len(command) {
			return command[i+1]
		}
	}
	return ""
}
