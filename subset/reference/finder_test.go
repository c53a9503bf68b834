package reference_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/reference"
)

// table has a primary key, which is the first column, and others; all of one
// type but where a name says more.
func table(schema, name string, columns ...string) *catalog.Table {
	t := &catalog.Table{Name: catalog.Name{Schema: schema, Name: name}, Readable: true, Heaps: []*catalog.Heap{{}}}
	for _, c := range columns {
		kind := map[string]string{"kind": "text", "record_type": "text", "secret": "json", "code": "text"}[c]
		t.Columns = append(t.Columns, catalog.Column{Name: c, Type: kind, Base: map[string]string{"": "bigint"}[kind]})
	}
	t.Keys = []catalog.Key{{Primary: true, Columns: columns[:1]}}
	return t
}

func byName(tables ...*catalog.Table) []string {
	texts := []string{}
	for _, c := range reference.NewFinder(&catalog.Database{Tables: tables}, nil).ByName() {
		texts = append(texts, c.Text())
	}
	return texts
}

func TestByName_ReadsNamesAsPeopleDo(t *testing.T) {
	for _, c := range []struct {
		name   string
		tables []*catalog.Table
		want   []string
	}{
		{
			"plurals, humps and roles",
			[]*catalog.Table{
				table("a", "people", "id"), table("a", "Category", "id"),
				table("a", "x", "id", "person_id", "categoryId", "created_by_person_id", "stranger_id"),
			},
			[]string{
				"a.x.person_id -> a.people.id", "a.x.categoryId -> a.Category.id",
				"a.x.created_by_person_id -> a.people.id",
			},
		},
		{
			"keys of other names",
			[]*catalog.Table{
				table("a", "users", "user_id"), table("a", "lands", "code"),
				table("a", "x", "id", "user_id", "code", "land_code"),
			},
			[]string{"a.x.user_id -> a.users.user_id", "a.x.land_code -> a.lands.code"},
		},
		{
			"the words that all tables begin with",
			[]*catalog.Table{
				table("a", "wp_posts", "id"), table("a", "wp_postmeta", "id", "post_id"),
			},
			[]string{"a.wp_postmeta.post_id -> a.wp_posts.id"},
		},
		{
			"the same schema before others",
			[]*catalog.Table{
				table("a", "users", "id"), table("b", "users", "id"), table("b", "x", "id", "user_id"),
			},
			[]string{"b.x.user_id -> b.users.id"},
		},
		{"parents", []*catalog.Table{table("a", "tree", "id", "parent_id")}, []string{"a.tree.parent_id -> a.tree.id"}},
		{"nothing of itself", []*catalog.Table{table("a", "users", "user_id")}, []string{}},
		{
			"a type that holds no key",
			[]*catalog.Table{table("a", "secrets", "id"), table("a", "x", "id", "secret")},
			[]string{},
		},
	} {
		if diff := cmp.Diff(c.want, byName(c.tables...)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestByName_ReadsOnlyTablesThatShowAllTheirRows(t *testing.T) {
	users, x := table("a", "users", "id"), table("a", "x", "id", "user_id")
	users.RowSecurity = true
	if got := byName(users, x); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

func TestOfClass_KnowsTheNamesOfFrameworks(t *testing.T) {
	posts, blog := table("a", "posts", "id"), table("a", "blog_comments", "id")
	x := table("a", "x", "id", "record_type", "record_id")
	f := reference.NewFinder(&catalog.Database{Tables: []*catalog.Table{posts, blog, x}}, nil)
	pairs := f.Pairs()
	if len(pairs) != 1 || pairs[0].Column != "record_id" {
		t.Fatalf("%+v", pairs)
	}
	for class, want := range map[string]string{
		"Post": "a.posts", "posts": "a.posts", `App\Models\Post`: "a.posts", "com.acme.Post": "a.posts",
		"Blog::Comment": "a.blog_comments", "BlogComment": "a.blog_comments", "Comment": "", "": "",
	} {
		c, ok := f.OfClass(pairs[0], class)
		if ok != (want != "") || ok && c.Parent.Name.Dotted() != want {
			t.Errorf("%s leads to %+v", class, c.Parent)
		}
	}
	known := []*catalog.ForeignKey{{
		Child: x, ChildColumns: []string{"record_id"}, Parent: posts, ParentColumns: []string{"id"},
		When: "record_type = 'Post'",
	}}
	f = reference.NewFinder(&catalog.Database{Tables: []*catalog.Table{posts, blog, x}}, known)
	if c, ok := f.OfClass(pairs[0], "Post"); !ok || !f.Knows(c) || len(f.Pairs()) != 1 {
		t.Errorf("what the configuration has is found again: %+v", c)
	}
	if c, ok := f.OfClass(pairs[0], "Blog::Comment"); !ok || f.Knows(c) {
		t.Errorf("what the configuration lacks is known: %+v", c)
	}
}

func TestOfClass_QuotesWhatOthersWrote(t *testing.T) {
	x := table("a", "x", "id", "record_type", "record_id")
	f := reference.NewFinder(&catalog.Database{Tables: []*catalog.Table{table("a", "post", "id"), x}}, nil)
	c, ok := f.OfClass(f.Pairs()[0], `' OR true --\Post`)
	if want := `record_type = E''' OR true --\\Post'`; !ok || c.When != want {
		t.Errorf("%s, not %s", c.When, want)
	}
}
