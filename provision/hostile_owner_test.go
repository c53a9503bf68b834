package provision

import "testing"

// Somebody who makes a new repository under a name that was given up has none of
// the previews that were made under it.
func TestHostile_ANewRepositoryUnderAnOldNameWantsItsPreviews(t *testing.T) {
	t.Parallel()
	g := stackOf(1)
	g.Preview.RepositoryID = "api.github.com#1"
	s := survey{volumes: []jar{marked(g, markServing)}}
	taker := g.Preview
	taker.RepositoryID = "api.github.com#2"
	if err := s.of(taker); err == nil {
		t.Error("it may remove them")
	}
	if err := s.sameOwner(taker); err == nil {
		t.Error("it may update them")
	}
	if (Filter{Repository: taker.Repository, RepositoryID: taker.RepositoryID}).matches(g.Preview) {
		t.Error("it lists them as its own")
	}
}
