package provision_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

const honestScript = "\\restrict abc\nSET standard_conforming_strings = on;\n" +
	"CREATE TABLE public.product (name text NOT NULL DEFAULT '\\');\nCOPY public.product (name) FROM stdin;\napple\n" +
	"\\.\n"

func TestHostile_AnArchiveWantsPsqlToRunAProgram(t *testing.T) {
	f := newFixture(t, 20)
	for command, want := range map[string]string{
		"\\! touch /tmp/planted": "line 7", "SELECT 1 \\g |cat": "line 7", "\\set QUIET `touch /tmp/planted`": "line 7",
	} {
		f.options.Archive = f.write("hostile.sql", honestScript+command+"\n\\unrestrict abc\n")
		_, err := f.tryUp()
		if err == nil || !strings.Contains(err.Error(), want) || len(hint.Of(err)) == 0 ||
			strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v, %v", command, err, hint.Of(err))
		}
	}
	f.options.Archive = f.write("honest.sql", honestScript+"\\unrestrict abc\n")
	f.up()
	if got := f.sql("SELECT name FROM product"); got != "apple" {
		t.Errorf("loaded %q", got)
	}
}
