package gateway

import "testing"

func TestWithin_IsTheVeryPreview(t *testing.T) {
	route := func(host, id, project, preview string) Route {
		return Route{Host: host, ID: id, Project: project, Preview: preview}
	}
	own := route("a.localhost", "", "shop", "pr-1")
	table := Table{Routes: []Route{
		own, route("b.localhost", "", "shop", "pr-1"), route("c.localhost", "", "shop", "pr-2"),
		route("d.localhost", "", "bank", "pr-1"), route("e.localhost", "x", "shop", "pr-1"),
	}}
	for address, want := range map[string]struct{ within, known bool }{
		"http://a.localhost":      {true, true},
		"http://B.localhost:8480": {true, true},
		"http://c.localhost":      {false, true}, // another preview
		"http://d.localhost":      {false, true}, // of another project
		"http://e.localhost":      {false, true}, // that one signs in to
		"http://f.localhost":      {false, false},
		"http://%%":               {false, false},
		"null":                    {false, false},
		"":                        {false, false},
	} {
		if got := table.within(address, own); got != want.within {
			t.Errorf("%q is within: %v", address, got)
		}
		if got := table.knows(address); got != want.known {
			t.Errorf("%q is known: %v", address, got)
		}
	}
}
