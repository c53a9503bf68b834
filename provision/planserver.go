package provision

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/compat"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/planner"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// A planServer is the server of a rehearsal, for whose databases plans are asked as production would choose them.
type planServer struct{ *clone }

var _ planner.Server = planServer{}

// Connect starts a psql of its own, as the user that the image was told to make.
func (p planServer) Connect(ctx context.Context, database, _ string) (planner.Session, error) {
	return ownSession{p.start(ctx, database)}, nil
}

// writeScript makes files in the data directory as long as its lines say: path, bytes, whether the beginning stays, and
// a beginning in base64.
const writeScript = `set -e
cd "$1"
owner=$(stat -c %u:%g PG_VERSION)
while read -r path size keep begin; do
	if [ "$keep" = no ]; then printf %s "$begin" | base64 -d >"$path"; fi
	truncate -s "$size" "$path"
	chown "$owner" "$path"
done`

var relationPath = regexp.MustCompile(`^[a-zA-Z0-9_]+(/[a-zA-Z0-9_]+)*$`)

// Write puts files in place of a relation's.
func (p planServer) Write(ctx context.Context, files []planner.File) error {
	var lines strings.Builder
	for _, f := range files {
		if !relationPath.MatchString(f.Path) {
			return fmt.Errorf("a relation is in the file %q", f.Path)
		}
		begin, keep := base64.StdEncoding.EncodeToString(f.Begin), "no"
		if f.Keep {
			keep = "yes"
		}
		for n, left := int64(0), f.Pages; n == 0 || left > 0; n, left = n+1, left-planner.SegmentPages {
			path := f.Path
			if n > 0 {
				path = fmt.Sprintf("%s.%d", f.Path, n)
			}
			fmt.Fprintf(&lines, "%s %d %s %s\n", path, min(left, planner.SegmentPages)*planner.PageSize, keep, begin)
			begin = ""
		}
	}
	rows, err := p.Query(ctx, maintenanceDatabase, "SHOW data_directory")
	if err != nil || len(rows) != 1 {
		return errors.Join(errors.New("no data directory"), err)
	}
	code, err := runIn(ctx, p.of.Docker.Client(), p.of.server.container, command{
		argv: []string{"sh", "-c", writeScript, "sh", rows[0][0]}, stdin: strings.NewReader(lines.String()),
	})
	const unknownCommand = 127
	switch {
	case err == nil && code == unknownCommand:
		return errors.New("the image of the database lacks truncate, base64 or stat")
	case err == nil && code != 0:
		return fmt.Errorf("exit %d", code)
	}
	return err
}

// plans are those that production would choose, by the texts of statements. What has none is left out: whether it works
// is told elsewhere.
func (s *scene) plans(
	ctx context.Context, known *facts.Facts, code []compat.Statement, copied string,
) (map[string]*queryplan.Plan, error) {
	if len(code) == 0 || !known.Known() {
		return nil, nil
	}
	server := planServer{s.clone}
	if _, err := s.clone.Query(ctx, s.database(), "ANALYZE"); err != nil {
		return nil, err
	}
	if err := rehearse.Disconnect(ctx, s.clone, s.database()); err != nil {
		return nil, err
	}
	s.clone.leave(s.database())
	if err := planner.Copy(ctx, server, s.database(), copied); err != nil {
		return nil, err
	}
	if _, err := planner.Dress(ctx, server, copied, known); err != nil {
		return nil, err
	}
	session, err := server.Connect(ctx, copied, "")
	if err != nil {
		return nil, err
	}
	defer session.Close()
	all := map[string]*queryplan.Plan{}
	for _, one := range code {
		text, ok := forPsql(one.Text)
		if !ok {
			continue
		}
		plan, err := planner.Explain(ctx, session, text, true)
		if err == nil {
			all[one.Text] = plan
		} else if _, err := session.Query(ctx, "DEALLOCATE ALL"); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// forPsql is a single query without literals and comments, of which psql can take nothing for a command of its own, or
// for a quotation that goes on; ok is false where there is no such.
func forPsql(statement string) (text string, ok bool) {
	text = sqltext.Parameterized(statement)
	return text, compat.Askable(text) && !strings.Contains(text, `\`) && strings.Count(text, `"`)%2 == 0
}
