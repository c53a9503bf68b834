package subset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

// One value of 40 MB, in a table with a constraint, for the sake of which
// masked rows are looked at.
func TestRun_RefusesOnlyMaskedValuesThatAreTooLong(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Exec(t, url, `CREATE TABLE files (id int PRIMARY KEY, pages int CHECK (pages > 0), email text, body text);
		INSERT INTO files SELECT n, 10, 'u' || n || '@corp.test', CASE n WHEN 7 THEN repeat('x', 40000000) ELSE 'y' END FROM generate_series(1, 30) AS n;
		ANALYZE`)
	for as, fits := range map[string]bool{"keep": true, "null": true, "text": false, "scrub": false} {
		spec := everything(t, url)
		spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("k"), Rules: []mask.Rule{
			{Column: "public.files.email", As: "email"},
			{Column: "public.files.pages", As: "noise"},
			{Column: "public.files.body", As: as},
		}}
		source := open(t, spec)
		p, err := source.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var sink memory
		_, err = source.Run(t.Context(), p, &sink, nil)
		rows := sink.rows["public.files"]
		if fits && (err != nil || strings.Count(rows, "\n") != 30 || strings.Contains(rows, "corp.test") ||
			as == "keep" && len(rows) < 40_000_000) {
			t.Errorf("%s: %v, %d bytes", as, err, len(rows))
		}
		const want = "mask: public.files.body: a value of 40 MB is longer than the 32 MB that are masked"
		if !fits && (!errors.Is(err, hint.ErrUsage) || errors.Is(err, snapshot.ErrSourceLost) ||
			strings.Count(err.Error(), want) != 1) {
			t.Errorf("%s: %v", as, err)
		}
	}
}
