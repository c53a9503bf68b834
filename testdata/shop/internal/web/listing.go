package web

import (
	"net/url"
	"strconv"
)

// sort is a choice of the list's order.
type sort struct{ Name, Words string }

// Sorts are the orders a list of plants can have.
func (l listing) Sorts() []sort {
	return []sort{{"", "most sold"}, {"rating", "best loved"}, {"new", "newest"}, {"price", "price"}}
}

// CareLevels are the names that the branch's migration gives its levels.
func (l listing) CareLevels() []string { return []string{"Forgiving", "Steady", "Devoted"} }

// Link is the same list, some pages further.
func (l listing) Link(further int) string {
	values := url.Values{"page": {strconv.Itoa(l.Page + further)}}
	if l.Sort != "" {
		values.Set("sort", l.Sort)
	}
	if l.Care != "" {
		values.Set("care", l.Care)
	}
	return l.Base + "?" + values.Encode()
}
