package starter

import (
	"path"
	"regexp"
	"strings"
)

// tool is one that migrates databases.
type tool struct {
	name   string
	images []string // a service that has one of them runs the tool by itself
	note   string   // what its command needs
	// library is the Go module by which a program migrates by itself: how is
	// the program's own.
	library string
	// find gives the file that tells that the checkout uses the tool.
	find func(files *tree, services []service) string
	// command is what brings the database to the newest schema; at is the
	// evidence as the service that runs it sees it.
	command func(files *tree, evidence, at string) []string
}

// databaseURL is the variable that most images take the database's address
// from. It is for the shell in the container to read.
const databaseURL = "the command reads DATABASE_URL in the service's environment"

// tools are in the order in which they are believed: what is certain first.
// The name of a file that several tools read comes after that of the one.
func tools() []tool {
	return []tool{
		{name: "Flask-Migrate", find: findFlask, command: flask},
		{name: "Alembic", find: byName("alembic.ini"), command: alembic},
		{name: "Django", find: findDjango, command: django},
		{name: "Rails", find: findRails, command: rails},
		{name: "Prisma", find: findPrisma, command: prisma},
		{name: "Knex", find: byName("knexfile.js", "knexfile.ts", "knexfile.mjs", "knexfile.cjs"), command: knex},
		{name: "Flyway", images: []string{"flyway/flyway", "redgate/flyway"}, find: findFlyway, command: flyway},
		{
			name: "Liquibase", images: []string{"liquibase/liquibase", "liquibase"},
			find:    byName("liquibase.properties"),
			command: liquibase,
		},
		{name: "Atlas", images: []string{"arigaio/atlas"}, find: byName("atlas.hcl"), command: atlas},
		{name: "tern", find: byName("tern.conf"), command: tern},
		{
			name: "dbmate", images: []string{"amacneil/dbmate"}, find: bySQL("-- migrate:up"), command: dbmate,
			note: databaseURL,
		},
		{
			name: "goose", images: []string{"pressly/goose"}, find: bySQL("-- +goose Up"), command: goose,
			library: "github.com/pressly/goose/",
			note:    "the command reads GOOSE_DRIVER and GOOSE_DBSTRING in the service's environment",
		},
		{
			name: "golang-migrate", images: []string{"migrate/migrate"}, find: findGolangMigrate,
			command: golangMigrate,
			library: "github.com/golang-migrate/migrate/", note: databaseURL,
		},
	}
}

func byName(names ...string) func(*tree, []service) string {
	return func(files *tree, _ []service) string { return files.named(names...) }
}

var sqlFile = regexp.MustCompile(`(^|/)[0-9][^/]*\.sql$`)

func bySQL(mark string) func(*tree, []service) string {
	return func(files *tree, _ []service) string { return files.mostSaying(mark, sqlFile) }
}

func findFlask(files *tree, _ []service) string {
	for _, name := range files.matching(func(name string) bool { return path.Base(name) == "alembic.ini" }) {
		if strings.Contains(files.text(path.Join(path.Dir(name), "env.py")), "flask") {
			return name
		}
	}
	return ""
}

func flask(_ *tree, _, at string) []string {
	if folder := path.Dir(at); folder != "migrations" {
		return []string{"flask", "db", "upgrade", "--directory", folder}
	}
	return []string{"flask", "db", "upgrade"}
}

func alembic(_ *tree, _, at string) []string {
	return withPath([]string{"alembic"}, "-c", at, "upgrade", "head")
}

// withPath names the file only where the tool would not find it by itself.
func withPath(argv []string, flag, at string, rest ...string) []string {
	if path.Dir(at) != "." {
		argv = append(argv, flag, at)
	}
	return append(argv, rest...)
}

func findDjango(files *tree, _ []service) string {
	return files.saying("django", regexp.MustCompile(`(^|/)manage\.py$`))
}

func django(_ *tree, _, at string) []string { return []string{"python", at, "migrate", "--noinput"} }

func findRails(files *tree, _ []service) string {
	for _, name := range files.matching(func(name string) bool {
		return strings.HasSuffix("/"+name, "/config/application.rb")
	}) {
		if files.hasFolder(path.Join(path.Dir(path.Dir(name)), "db/migrate")) {
			return name
		}
	}
	return ""
}

func rails(_ *tree, _, at string) []string {
	return []string{path.Join(path.Dir(path.Dir(at)), "bin/rails"), "db:migrate"}
}

// findPrisma wants migrations beside the schema: without them a project pushes
// the schema itself.
func findPrisma(files *tree, _ []service) string {
	for _, name := range files.matching(func(name string) bool { return path.Base(name) == "schema.prisma" }) {
		if files.hasFolder(path.Join(path.Dir(name), "migrations")) {
			return name
		}
	}
	return ""
}

func prisma(_ *tree, _, at string) []string {
	argv := []string{"npx", "prisma", "migrate", "deploy"}
	if at == "prisma/schema.prisma" || at == "schema.prisma" {
		return argv
	}
	return append(argv, "--schema", at)
}

func knex(_ *tree, _, at string) []string {
	return withPath([]string{"npx", "knex"}, "--knexfile", at, "migrate:latest")
}

var versioned = regexp.MustCompile(`(^|/)V[0-9][0-9._]*__[^/]+\.sql$`)

func findFlyway(files *tree, _ []service) string {
	if name := files.named("flyway.toml", "flyway.conf"); name != "" {
		return name
	}
	if found := files.matching(versioned.MatchString); len(found) > 0 {
		return found[0]
	}
	return ""
}

func flyway(_ *tree, evidence, at string) []string {
	if versioned.MatchString(evidence) {
		return []string{"flyway", "-locations=filesystem:" + path.Dir(at), "migrate"}
	}
	if path.Dir(at) == "." {
		return []string{"flyway", "migrate"}
	}
	return []string{"flyway", "-configFiles=" + at, "migrate"}
}

func liquibase(_ *tree, _, at string) []string {
	return withPath([]string{"liquibase"}, "--defaults-file", at, "update")
}

var environment = regexp.MustCompile(`(?m)^\s*env\s+"([A-Za-z0-9_-]+)"`)

func atlas(files *tree, evidence, at string) []string {
	argv := []string{"atlas", "migrate", "apply"}
	if path.Dir(at) != "." {
		argv = append(argv, "--config", "file://"+at)
	}
	if m := environment.FindStringSubmatch(files.text(evidence)); m != nil {
		argv = append(argv, "--env", m[1])
	}
	return argv
}

func tern(_ *tree, _, at string) []string {
	if folder := path.Dir(at); folder != "." {
		return []string{"tern", "migrate", "--migrations", folder, "--config", at}
	}
	return []string{"tern", "migrate"}
}

func dbmate(_ *tree, _, at string) []string {
	argv := []string{"dbmate", "--no-dump-schema"}
	if folder := path.Dir(at); folder != "db/migrations" {
		argv = append(argv, "--migrations-dir", folder)
	}
	return append(argv, "migrate")
}

func goose(_ *tree, _, at string) []string { return []string{"goose", "-dir", path.Dir(at), "up"} }

var upFile = regexp.MustCompile(`(^|/)[0-9]+_[^/]+\.up\.sql$`)

// anyUse are files that name the programs of others.
var anyUse = regexp.MustCompile(`(^|/)(go\.mod|Makefile|[^/]*Dockerfile[^/]*)$`)

// findGolangMigrate wants a second sign: other tools call their files the same.
func findGolangMigrate(files *tree, services []service) string {
	found := files.matching(upFile.MatchString)
	if len(found) == 0 {
		return ""
	}
	for _, s := range services {
		if strings.HasPrefix(s.image, "migrate/migrate") {
			return found[0]
		}
	}
	if files.saying("golang-migrate", anyUse) != "" {
		return found[0]
	}
	return ""
}

// golangMigrate has no other way to be told the database than an argument.
// The folder is one too, so that the shell does not read it.
func golangMigrate(_ *tree, _, at string) []string {
	return []string{"sh", "-c", `exec migrate -path "$1" -database "$DATABASE_URL" up`, "sh", path.Dir(at)}
}
