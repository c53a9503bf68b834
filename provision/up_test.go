package provision_test

import (
	"errors"
	"testing"

	"github.com/offshoot-dev/offshoot/provision"
)

func TestUp_MakesAPreviewAndUpdatesItInPlace(t *testing.T) {
	f := newFixture(t, 12)
	f.options.Archive = f.archive("apple")
	f.options.Migrate = &provision.Migrate{Service: "tool", Command: []string{"psql", "-X", "-c", "ALTER TABLE product ADD price int DEFAULT 7"}}
	first := f.up()
	f.assertServes(first.Links[0], "one")
	if got := f.sql("SELECT name, price FROM product"); got != "apple|7" {
		t.Errorf("database holds %q", got)
	}
	f.sql("INSERT INTO product VALUES ('clicked')")
	f.options.Source.Env["GREETING"] = "two"
	f.options.Archive = f.archive("pear")
	second := f.up()
	f.assertServes(second.Links[0], "two")
	if got := f.sql("SELECT name, price FROM product"); got != "pear|7" {
		t.Errorf("database holds %q after the update", got)
	}
	if _, err := provision.Down(t.Context(), f.machine, f.options.Preview.ID, nil); err != nil {
		t.Fatal(err)
	}
	f.assertNothingLeft(t.Context())
	if _, err := provision.Down(t.Context(), f.machine, f.options.Preview.ID, nil); !errors.Is(err, provision.ErrNoPreview) {
		t.Errorf("second down: %v", err)
	}
}
