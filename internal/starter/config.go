package starter

import (
	"fmt"
	"strings"
)

const configHead = `# yaml-language-server: $schema=https://raw.githubusercontent.com/offshoot-dev/offshoot/main/docs/offshoot.schema.json
#
# What offshoot keeps of the production database, and what a preview boots. It works without this file too: what is set
# here was found in the repository, what is behind a # is an example.
# Every key: https://github.com/offshoot-dev/offshoot/blob/main/docs/configuration.md

# The database that subsets are made of; it is only read. The address has a password in it, so it stays in the secrets
# of the CI.
source: ${PRODUCTION_DATABASE_URL}

# How much is kept: by default 3 rows of 10 and 10,000 of a million, with everything they reference.
# subset:
#   tables:
#     public.countries: all
#     public.audit_log: none
#     public.orders: {where: "created_at > now() - interval '90 days'"}
#   references:               # foreign keys that the schema does not declare
#     - public.comments.author_id -> public.users.id

# What becomes of personal data. "offshoot mask scan --write" adds the rules; a subset stops at what looks personal and
# has none.
# mask:
#   "*.email": email

`

// Config is the text of a first offshoot.yaml: what was found, and examples in
// comments for the rest.
func (f Findings) Config() string {
	var b strings.Builder
	b.WriteString(configHead)
	b.WriteString("preview:\n")
	if len(f.Compose) > 0 {
		fmt.Fprintf(&b, "  compose: %s\n", scalars(f.Compose))
	}
	f.writeDatabase(&b)
	f.writeMigration(&b)
	f.writeExpose(&b)
	b.WriteString(`  expires: 72h              # a preview that nobody updates is removed then; also 3d, never
  # environment:            # for every service, and for ${…} in the compose file; what is secret comes from the CI
  #   STRIPE_KEY: ${STRIPE_TEST_KEY}

provider: docker            # where previews run: on the engine of this computer
`)
	return b.String()
}

func (f Findings) writeDatabase(b *strings.Builder) {
	if f.Database == "" {
		b.WriteString("  # database: db            # the service with PostgreSQL in the compose file: it was not " +
			"found\n")
		return
	}
	fmt.Fprintf(b, "  database: %s\n", scalar(f.Database))
}

func (f Findings) writeMigration(b *strings.Builder) {
	m := f.Migration
	if m == nil {
		b.WriteString(`  # migrate:                # what brings the database to the schema of the branch: it was not found
  #   service: web
  #   command: [alembic, upgrade, head]
`)
		return
	}
	fmt.Fprintf(b, "  # Migrations: %s\n", m.reason(f.Also))
	mark, name := "  ", scalar(m.Service)
	if m.Service == "" {
		mark, name = "  # ", "web"
	}
	fmt.Fprintf(b, "%smigrate:\n%s  service: %s\n", mark, mark, name)
	if m.library {
		b.WriteString("  #   command: [/app, migrate]\n")
	}
	if len(m.Command) > 0 {
		fmt.Fprintf(b, "%s  command: %s\n", mark, scalars(m.Command))
	}
}

func (m Migration) reason(also []string) string {
	var b strings.Builder
	switch {
	case m.library:
		fmt.Fprintf(&b, "%s (%s), by the program itself. If it does not do so when it starts:", m.Tool,
			remark(m.Evidence))
	case m.Tool == "":
		b.WriteString("there is a service for them, which runs its own command.")
	case len(m.Command) == 0:
		fmt.Fprintf(&b, "%s (%s), by the service's own command.", m.Tool, remark(m.Evidence))
	default:
		fmt.Fprintf(&b, "%s (%s). Is this how you run it in the container?", m.Tool, remark(m.Evidence))
	}
	if m.Note != "" && len(m.Command) > 0 {
		b.WriteString("\n  # " + strings.ToUpper(m.Note[:1]) + m.Note[1:] + ".")
	}
	if len(also) > 0 {
		fmt.Fprintf(&b, "\n  # There are traces of %s too.", strings.Join(also, " and "))
	}
	return b.String()
}

func (f Findings) writeExpose(b *strings.Builder) {
	if len(f.Expose) == 0 {
		b.WriteString("  # expose: {web: 8000}     # the services to show, and the ports on which they answer " +
			"HTTP: none was found\n")
		return
	}
	b.WriteString("  expose:                   # the services to show, and the ports on which they answer HTTP\n")
	for _, p := range f.Expose {
		fmt.Fprintf(b, "    %s: %d\n", key(p.Service), p.Port)
	}
}
