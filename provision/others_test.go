package provision

import "testing"

func TestRename_FindsWhatWasMadeUnderAnotherName(t *testing.T) {
	t.Parallel()
	const forge = "api.github.com#"
	identify := func(repository, project, number string, pull int) Preview {
		p, err := Identify(repository, project, pull, "")
		if err != nil {
			t.Fatal(err)
		}
		p.RepositoryID = number
		return p
	}
	for _, c := range []struct {
		what   string
		wanted Preview
		named  bool
		there  Preview
		found  bool
	}{
		{
			"its project is called after the repository", identify("h/a/shop2", "", forge+"1", 7), false,
			identify("h/a/shop", "", forge+"1", 7), true,
		},
		{
			"its project has a name", identify("h/a/shop2", "flow", forge+"1", 7), true,
			identify("h/a/shop", "flow", forge+"1", 7), true,
		},
		{
			"the repository was transferred", identify("h/b/shop", "", forge+"1", 7), false,
			identify("h/a/shop", "", forge+"1", 7), true,
		},
		{
			"another project of the repository", identify("h/a/shop2", "flow", forge+"1", 7), true,
			identify("h/a/shop", "admin", forge+"1", 7), false,
		},
		{
			"a project that is not called after it", identify("h/a/shop2", "", forge+"1", 7), false,
			identify("h/a/shop", "admin", forge+"1", 7), false,
		},
		{
			"another pull request", identify("h/a/shop2", "", forge+"1", 7), false,
			identify("h/a/shop", "", forge+"1", 8), false,
		},
		{
			"another repository", identify("h/a/shop2", "", forge+"1", 7), false,
			identify("h/a/shop", "", forge+"2", 7),
			false,
		},
		{"no number is known", identify("h/a/shop2", "", "", 7), false, identify("h/a/shop", "", "", 7), false},
	} {
		want := c.wanted
		if c.found {
			want = c.there
		}
		if got := Rename(c.wanted, c.named, []Preview{c.there}); got != want {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}
