package subset_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

const undeclaredSQL = `
	CREATE TYPE place AS ENUM ('orders', 'people', 'nowhere');
	CREATE TABLE people (id bigint PRIMARY KEY, parent_id bigint, secret text);
	CREATE TABLE blog_posts (id bigint PRIMARY KEY, author_id bigint NOT NULL REFERENCES people);
	CREATE TABLE orders (id uuid PRIMARY KEY, person_id int, placed_by_person_id text, number text UNIQUE, status_id int);
	CREATE TABLE statuses (id int PRIMARY KEY);
	CREATE TABLE remarks (id bigserial PRIMARY KEY, author_id int, record_type text, record_id text, order_number text,
		external_id uuid, seen_in place, seen_in_id bigint, "aboutType" text, "aboutId" bigint);
	CREATE TABLE django_content_type (id int PRIMARY KEY, app_label text, model text);
	CREATE TABLE auth_user (id int PRIMARY KEY);
	CREATE TABLE tag (id int PRIMARY KEY, content_type_id int REFERENCES django_content_type, object_id text);
	INSERT INTO people SELECT i, NULLIF(i / 2, 0), 'secret' FROM generate_series(1, 400) AS i;
	INSERT INTO blog_posts SELECT i, 1 + i % 400 FROM generate_series(1, 100) AS i;
	INSERT INTO orders SELECT md5(i::text)::uuid, 1 + i % 400, (1 + i % 400)::text, 'N' || i, 1000 + i % 10 FROM generate_series(1, 500) AS i;
	INSERT INTO statuses SELECT generate_series(1, 5);
	INSERT INTO remarks (author_id, record_type, record_id, order_number, external_id, "aboutType", "aboutId")
	SELECT 1 + i % 400, (ARRAY['Blog::Post', 'Order', 'hidden'])[1 + i % 3],
		CASE i % 3 WHEN 0 THEN (1 + i % 105)::text WHEN 1 THEN md5((1 + i % 500)::text)::uuid::text ELSE 'x' END,
		'N' || 1 + i % 500, md5((1 + i % 500)::text)::uuid, 'App\Models\Person', 1 + i % 800 FROM generate_series(1, 1200) AS i;
	INSERT INTO django_content_type VALUES (7, 'auth', 'user'), (8, 'shop', 'order'), (9, 'gone', 'gone');
	INSERT INTO auth_user SELECT generate_series(1, 50);
	INSERT INTO tag SELECT i, 7 + i % 3, CASE i % 3 WHEN 1 THEN md5((1 + i % 500)::text)::uuid::text ELSE (1 + i % 50)::text END
		FROM generate_series(1, 300) AS i;
	ANALYZE`

func TestReferences_FindsWhatRailsDjangoAndNamesMean(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Exec(t, url, undeclaredSQL)
	found := references(t, plan.Spec{URL: url})
	got := []string{}
	for _, r := range found.References {
		verdict := "no "
		if r.Holds {
			verdict = "yes "
		}
		got = append(got, verdict+r.Reference+" # "+r.Finding())
	}
	want := []string{
		`yes public.orders.person_id -> public.people.id # 100.0 % of 500`,
		`yes public.orders.placed_by_person_id -> public.people.id # 100.0 % of 500`,
		`no public.orders.status_id -> public.statuses.id # 0.0 % of 500`,
		`yes public.people.parent_id -> public.people.id # 100.0 % of 399`,
		`no public.remarks.aboutId -> public.people.id when "aboutType" = E'App\\Models\\Person' # 60.0 % of 1,000`,
		`yes public.remarks.author_id -> public.people.id # 100.0 % of 1,000`,
		`yes public.remarks.external_id -> public.orders.id # 100.0 % of 1,000`,
		`yes public.remarks.order_number -> public.orders.number # 100.0 % of 1,000`,
		`yes public.remarks.record_id -> public.blog_posts.id when record_type = 'Blog::Post' # 97.2 % of 400`,
		`yes public.remarks.record_id -> public.orders.id when record_type = 'Order' # 100.0 % of 400`,
		`yes public.tag.object_id -> public.auth_user.id when content_type_id = ` +
			`(SELECT id FROM public.django_content_type WHERE app_label = 'auth' AND model = 'user') # 100.0 % of 100`,
		`yes public.tag.object_id -> public.orders.id when content_type_id = ` +
			`(SELECT id FROM public.django_content_type WHERE app_label = 'shop' AND model = 'order') # 100.0 % of 100`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var text bytes.Buffer
	if err := found.WriteText(&text); err != nil || strings.Contains(text.String(), "hidden") ||
		!strings.Contains(text.String(), "public.remarks.record_type: different values that name no table: 1") {
		t.Errorf("%v\n%s", err, &text)
	}
}

func TestReferences_AreFollowedAsTheyAreFound(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	pgtest.Exec(t, url, undeclaredSQL)
	spec := plan.Spec{URL: url}
	for _, r := range references(t, spec).Holding() {
		spec.References = append(spec.References, r.Reference)
	}
	report, target := takeRows(t, spec)
	const dangling = `SELECT count(*) FROM tag WHERE content_type_id = 7 AND object_id NOT IN (SELECT id::text FROM auth_user)
		OR content_type_id = 8 AND object_id NOT IN (SELECT id::text FROM orders)`
	if n := pgtest.Value(t, target, dangling); n != "0" {
		t.Errorf("%s tags dangle", n)
	}
	wantBalance(t, report)
	for _, r := range references(t, spec).References {
		if r.Holds {
			t.Errorf("%s is found once more", r.Reference)
		}
	}
}

func references(t *testing.T, spec plan.Spec) *subset.References {
	t.Helper()
	source, err := subset.Open(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	found, err := source.References(t.Context(), nil)
	if err = errors.Join(err, source.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return found
}
