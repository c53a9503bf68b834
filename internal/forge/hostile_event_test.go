package forge_test

import (
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/forge"
)

// The event of a comment says what its sender may. A stranger's words beside
// somebody else's right, or a right of nobody, are not believed.
func TestHostile_ACommentWantsTheRightOfWhoeverSendsTheEvent(t *testing.T) {
	t.Parallel()
	written := string(example(t, "gitea-issue_comment-created-by-a-writer"))
	for name, change := range map[string][2]string{
		"another's comment":   {`"user": {`, `"user": {"login": "mallory"}, "by": {`},
		"a right to read":     {`"push": true`, `"push": false`},
		"no right":            {`"permissions"`, `"nothing"`},
		"not on pull request": {`"is_pull": true`, `"is_pull": false`},
	} {
		payload := strings.Replace(written, change[0], change[1], 1)
		got, err := forge.ReadEvent(vars{}.lookup, []byte(payload))
		if err != nil || got.Writer != "" || payload == written {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
