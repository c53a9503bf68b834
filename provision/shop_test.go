package provision_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

// shop is a preview with its database for tests that only look at it, and for what they have in databases of their own
// names.
var shop stage

func sharedShop(t *testing.T) *fixture {
	t.Helper()
	t.Parallel()
	return shop.on(t, func() provision.Engine { return sharedMachine(t) }, func(*fixture) {}, func(*fixture) {})
}

func TestLogsAndExec_ReachTheServicesOfAPreview(t *testing.T) {
	f := sharedShop(t)
	id := f.options.Preview.ID
	var log bytes.Buffer
	if err := f.engine.Logs(t.Context(), provision.Preview{ID: id}, compose.LogOptions{Services: []string{"web"}},
		&log); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "listening on :8000") {
		t.Errorf("log %q", log.String())
	}
	var out bytes.Buffer
	code, err := f.engine.Exec(t.Context(), provision.Preview{ID: id}, "db", compose.ExecOptions{
		Argv: []string{"sh", "-c", "cat; exit 7"}, Stdin: strings.NewReader("given"), Stdout: &out,
	})
	if err != nil || code != 7 || out.String() != "given" {
		t.Errorf("exit %d, output %q, %v", code, out.String(), err)
	}
	if _, err := f.engine.Exec(t.Context(), provision.Preview{ID: id}, "nowhere",
		compose.ExecOptions{Argv: []string{"true"}}); err == nil ||
		!strings.Contains(err.Error(), `no service "nowhere"`) {
		t.Errorf("of a service that is not there: %v", err)
	}
	for name, err := range map[string]error{
		"logs": f.engine.Logs(t.Context(), provision.Preview{ID: "no-such-preview"}, compose.LogOptions{}, &log),
		"get":  second(f.engine.Get(t.Context(), provision.Preview{ID: "no-such-preview"})),
		"psql": second(f.engine.Psql(t.Context(), provision.Preview{ID: "no-such-preview"}, nil,
			compose.ExecOptions{})),
	} {
		if !isNoPreview(err) {
			t.Errorf("%s of no preview: %v", name, err)
		}
	}
}

const honestScript = "\\restrict abc\nSET standard_conforming_strings = on;\n" +
	"CREATE TABLE public.product (name text NOT NULL DEFAULT '\\');\nCOPY public.product (name) FROM stdin;\napple\n" +
	"\\.\n"

func TestHostile_AnArchiveWantsPsqlToRunAProgram(t *testing.T) {
	f := sharedShop(t)
	for command, want := range map[string]string{
		"\\! touch /tmp/planted": "line 7", "SELECT 1 \\g |cat": "line 7", "\\set QUIET `touch /tmp/planted`": "line 7",
	} {
		hostile := f.write("hostile.sql", honestScript+command+"\n\\unrestrict abc\n")
		err := provision.LoadInto(t.Context(), f.engine, f.options.Preview, "hostile", hostile)
		var failed *provision.StepError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), want) || len(hint.Of(err)) == 0 ||
			strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v, %v", command, err, hint.Of(err))
		}
	}
	honest := f.write("honest.sql", honestScript+"\\unrestrict abc\n")
	if err := provision.LoadInto(t.Context(), f.engine, f.options.Preview, "hostile", honest); err != nil {
		t.Fatal(err)
	}
	if got := f.psql("-d", "hostile", "-c", "SELECT name FROM product"); got != "apple" {
		t.Errorf("loaded %q", got)
	}
	if got := f.in("db", "ls /tmp"); strings.Contains(got, "planted") {
		t.Errorf("a program ran, and left %q", got)
	}
}
