//go:build soak

package sink_test

import (
	"context"
	"errors"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

// public is a schema that a registry serves.
type public struct {
	registry, name, version, files string
	tables                         int    // at least
	placeholder, value             string // for it in the files
}

// Schemas that nobody made for these tests, with rows that nobody would write.
func TestPublic_SchemasGoToAnyTargetAsTheyAre(t *testing.T) {
	for _, p := range publics(t) {
		t.Run(strings.ReplaceAll(p.name+" "+path.Dir(p.files), "/", "_"), func(t *testing.T) {
			t.Parallel()
			url := pgtest.New(t)
			p.apply(t, url)
			rows := fill(t, url)
			pgtest.Exec(t, url, "ANALYZE")
			t.Logf("%d rows", rows)
			direct, script, archive := pgtest.New(t), pgtest.New(t), pgtest.New(t)
			dir := t.TempDir()
			wantWhole(t, url, direct)
			wantWhole(t, url, filepath.Join(dir, "x.sql"))
			wantWhole(t, url, filepath.Join(dir, "x.dump"))
			pgtest.Load(t, script, filepath.Join(dir, "x.sql"))
			restore(t, archive, filepath.Join(dir, "x.dump"))
			for _, target := range []string{direct, script, archive} {
				if diff := cmp.Diff(schemaText(t, url), schemaText(t, target)); diff != "" {
					t.Errorf("the schema differs (-source +target):\n%.3000s", diff)
				}
			}
			same(t, direct, script)
			same(t, direct, archive)
			strictTakesWhatTheScanWrites(t, url)
		})
	}
}

// wantWhole takes a subset in which nothing dangles.
func wantWhole(t *testing.T, from, to string) {
	t.Helper()
	report, _ := run(t, from, to, 1)
	for _, k := range report.Keys {
		if k.Dangling > 0 {
			t.Errorf("%s: %d rows dangle", k.Name, k.Dangling)
		}
	}
}

// strictTakesWhatTheScanWrites scans, writes the rules that are proposed, keeps
// where a person would have to decide, and plans.
func strictTakesWhatTheScanWrites(t *testing.T, url string) {
	t.Helper()
	scan := withSource(t, plan.Spec{URL: url}, (*subset.Source).Scan)
	spec := plan.Spec{URL: url}
	spec.Masking = mask.Masking{Privacy: mask.PrivacyStrict, Key: mask.NewKey("public"), Scanned: scan.Seen}
	for _, f := range scan.Findings {
		rule := f.Suggest
		if rule.As == "" {
			rule = mask.Rule{Column: f.Column(), As: "keep"}
		}
		spec.Masking.Rules = append(spec.Masking.Rules, rule)
	}
	t.Logf("%d findings", len(scan.Findings))
	withSource(t, spec, (*subset.Source).Plan)
}

// withSource asks an open source one thing.
func withSource[T any](t *testing.T, spec plan.Spec, ask func(*subset.Source, context.Context) (T, error)) T {
	t.Helper()
	source, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := ask(source, t.Context())
	if err = errors.Join(err, source.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return answer
}

// schemaText is what pg_dump -s says of a database, in any order.
func schemaText(t *testing.T, url string) string {
	t.Helper()
	text, _, _ := strings.Cut(pgDump(t, url, "--schema-only"), "-- PostgreSQL database dump complete")
	return text
}
