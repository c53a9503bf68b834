package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

func TestListNames_NamesAtMostTen(t *testing.T) {
	var names []catalog.Name
	for i := range 12 {
		names = append(names, catalog.Name{Schema: "s", Name: fmt.Sprint("t", i)})
	}
	if got := catalog.ListNames(names[:2]); got != "s.t0, s.t1" {
		t.Error(got)
	}
	if got := catalog.ListNames(names); !strings.HasSuffix(got, "s.t9 and 2 more") {
		t.Error(got)
	}
}
