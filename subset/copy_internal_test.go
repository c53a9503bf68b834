package subset

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

func TestCopySQL_QuotesEveryName(t *testing.T) {
	name := catalog.Name{Schema: "my.schema", Name: `x"; DROP TABLE y; --`}
	columns := []string{catalog.Quote(name.Name)}
	sql := copySQL(&catalog.Heap{Name: name}, columns, []snapshot.Row{1})
	if strings.Contains(strings.ReplaceAll(sql, `"x""; DROP TABLE y; --"`, ""), "DROP") {
		t.Errorf("not quoted: %s", sql)
	}
}
