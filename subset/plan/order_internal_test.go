package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestOrder_PutsParentsFirstAndCyclesTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		keys []string
		want string
	}{
		{"no keys", 3, nil, "a b c"},
		{"chain", 3, []string{"ab", "bc"}, "c b a"},
		{"itself", 2, []string{"aa", "ab"}, "b a"},
		{"cycle of two", 3, []string{"ab", "ba", "ac"}, "c ab"},
		{"cycle of three with a tail", 5, []string{"ab", "bc", "ca", "cd", "ea"}, "d abc e"},
		{"two cycles", 4, []string{"ab", "ba", "cd", "dc", "ac"}, "cd ab"},
		{"diamond", 4, []string{"ab", "ac", "bd", "cd"}, "d b c a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, group := range order(graph(c.n, c.keys...)) {
				var names string
				for _, table := range group {
					names += table.Name.Name
				}
				got = append(got, names)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// graph makes tables a, b, … and keys such as "ab": a references b.
func graph(n int, keys ...string) ([]*catalog.Table, []*catalog.ForeignKey) {
	var tables []*catalog.Table
	for i := range n {
		tables = append(tables, &catalog.Table{Name: catalog.Name{Schema: "s", Name: string(rune('a' + i))}})
	}
	var fks []*catalog.ForeignKey
	for _, k := range keys {
		fks = append(fks, &catalog.ForeignKey{Name: k, Child: tables[k[0]-'a'], Parent: tables[k[1]-'a']})
	}
	return tables, fks
}
