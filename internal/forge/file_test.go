package forge_test

import (
	"testing"
)

func TestFile_IsReadFromTheBranchThatIsAskedFor(t *testing.T) {
	for _, face := range faces {
		t.Run(string(face.kind), func(t *testing.T) {
			w := newWorld()
			w.PutFile("main", "apps/shop/offshoot.yaml", "project: shop\n")
			w.PutFile("feature/x", "apps/shop/offshoot.yaml", "project: other\n")
			f := open(t, face.kind, w, patient())
			for branch, want := range map[string]string{
				"": "project: shop\n", "main": "project: shop\n",
				"feature/x": "project: other\n",
			} {
				if got, err := f.File(t.Context(), branch, "apps/shop/offshoot.yaml"); err != nil ||
					string(got) != want {
					t.Errorf("%s: %q, %v", branch, got, err)
				}
			}
		})
	}
}
