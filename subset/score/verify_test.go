package score_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/score"
)

func verify(t *testing.T, url string) []score.Dangling {
	t.Helper()
	found, err := score.Verify(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVerify_FindsWhatDanglesInEveryKindOfKey(t *testing.T) {
	url := load(t, "keys.sql")
	before := []score.Dangling{{
		Key: "public.old_child.old_child_parent_fkey", Child: "public.old_child",
		Parent: "public.old_parent", Rows: 50,
	}}
	if diff := cmp.Diff(before, verify(t, url)); diff != "" {
		t.Errorf("before:\n%s", diff)
	}
	// Past the triggers: a parent goes, a cycle breaks, a MATCH FULL key is
	// half NULL.
	pgtest.Exec(t, url, `SET session_replication_role = replica;
		DELETE FROM city WHERE country = 'AB' AND name = 'City 3';
		DELETE FROM staff WHERE id = 10;
		UPDATE person SET mother = -1 WHERE id <= 7;
		UPDATE visit_full SET city = NULL WHERE id = 1;
		UPDATE flag SET country_name = 'nowhere' WHERE country_name = 'Country 3'`)
	want := []score.Dangling{
		{Key: "public.flag.flag_country_name_fkey", Child: "public.flag", Parent: "public.country", Rows: 1},
		before[0],
		{Key: "public.person.person_mother_fkey", Child: "public.person", Parent: "public.person", Rows: 7},
		{Key: "public.shop.shop_manager_fkey", Child: "public.shop", Parent: "public.staff", Rows: 1},
		{
			Key: "public.visit_full.visit_full_country_city_fkey", Child: "public.visit_full", Parent: "public.city",
			Rows: 200,
		},
	}
	if diff := cmp.Diff(want, verify(t, url)); diff != "" {
		t.Errorf("after:\n%s", diff)
	}
}

func TestVerify_LooksIntoPartitionsAndPastInheritance(t *testing.T) {
	url := load(t, "partitions.sql")
	if found := verify(t, url); found != nil {
		t.Errorf("%+v", found)
	}
	pgtest.Exec(t, url,
		`SET session_replication_role = replica; DELETE FROM actor WHERE id = 1; DELETE FROM event_2025_rest`)
	got := map[string]bool{}
	for _, d := range verify(t, url) {
		got[d.Key] = true
	}
	want := map[string]bool{
		"public.event_2024.only_here": true, "public.attachment.attachment_event_at_fkey": true,
		"public.audit_2025.audit_2025_event_at_fkey": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	names := load(t, "names.sql")
	pgtest.Exec(t, names, `SET session_replication_role = replica; DELETE FROM ONLY animal WHERE id = 60`)
	found := verify(t, names) // a cat has the same number, but no key covers cats
	if len(found) != 1 || found[0].Key != "public.vet.vet_animal_fkey" || found[0].Rows != 3 {
		t.Errorf("%+v", found)
	}
}

func TestVerify_ExplainsItsErrors(t *testing.T) {
	if _, err := score.Verify(t.Context(), "nonsense"); !errors.Is(err, hint.ErrUsage) {
		t.Errorf("%v", err)
	}
	_, err := score.Verify(t.Context(), pgtest.WithDatabase(t, pgtest.New(t), "nowhere"))
	wantOneLine(t, err, "verify: connect to")
}

func wantOneLine(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want one line with %q", err, part)
	}
	if len(hint.Of(err)) != 1 {
		t.Errorf("%v: hints %q, want one", err, hint.Of(err))
	}
}
