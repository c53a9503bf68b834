package forge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

func TestRepository_HasOneNumberUnderEveryNameThatItHad(t *testing.T) {
	t.Parallel()
	for _, face := range faces {
		t.Run(string(face.kind), func(t *testing.T) {
			w := newWorld()
			w.Formerly = []string{"acme/old"}
			f := open(t, face.kind, w, patient())
			own, err := f.Repository(t.Context(), "")
			if err != nil || own.Name != "acme/shop" || !strings.HasSuffix(own.ID, "#42") {
				t.Fatalf("%+v, %v", own, err)
			}
			for _, name := range []string{"acme/shop", "acme/old"} {
				if found, err := f.Repository(t.Context(), name); err != nil || found != own {
					t.Errorf("%s: %+v, %v", name, found, err)
				}
			}
			if found, err := f.Repository(t.Context(), "acme/other"); !errors.Is(err, forge.ErrNotFound) {
				t.Errorf("another: %+v, %v", found, err)
			}
		})
	}
}
