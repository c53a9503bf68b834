package rehearse_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

func TestWriteSVG_IsBoundedEscapedAndWithoutScript(t *testing.T) {
	r := &rehearse.Report{}
	for n := range 2000 {
		evil := fmt.Sprintf(`public.<script>alert("%d")</script>&`, n%100)
		r.Statements = append(r.Statements, &rehearse.Statement{
			Number: n + 1, At: float64(n), Verb: `<b onload="x">`,
			Locks: []rehearse.Lock{
				{Table: evil, Mode: "AccessExclusiveLock", Held: 1, Reads: n%2 == 0, Writes: n%3 == 0},
			},
		})
	}
	for name, write := range map[string]func(io.Writer) error{"svg": r.WriteSVG, "html": r.WriteHTML} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "<script") || strings.Contains(b.String(), "<b ") {
			t.Errorf("%s: not escaped", name)
		}
		if !strings.Contains(b.String(), "more locks") || !strings.Contains(b.String(), "#cf222e") {
			t.Errorf("%s: %.300s", name, b.String())
		}
		if name == "svg" && b.Len() > 300_000 {
			t.Errorf("%d bytes", b.Len())
		}
		if err := xml.Unmarshal([]byte(b.String()), new(struct{})); err != nil && name == "svg" {
			t.Error(err)
		}
	}
	if err := (&rehearse.Report{}).WriteSVG(io.Discard); err != nil {
		t.Error(err)
	}
}
