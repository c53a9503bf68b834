package starter

import (
	"os"
	"strings"
	"testing"
)

// Of the runs that wait in a group the newest alone is kept. So only those are in
// one of which each does the work of the others: a comment of anybody, a label that
// starts nothing, and what only its own run knows, are not.
func TestHostile_AStrangersCommentWantsThePlaceOfARunThatWaits(t *testing.T) {
	t.Parallel()
	const group = "${{ (github.event_name == 'pull_request' && github.event.label.name != 'preview-approved' && " +
		"github.event.pull_request.number) || github.run_id }}"
	if got := parsed(t, Pipeline{Forge: "github"}).Concurrency.Group; got != "preview-"+group {
		t.Errorf("GitHub's group is %s", got)
	}
	shared, err := os.ReadFile("../../.github/workflows/preview.yml")
	if err != nil ||
		!strings.Contains(string(shared), "      group: preview-${{ inputs.working-directory }}-"+group+"\n") {
		t.Errorf("%v: the group of the shared workflow is another", err)
	}
	// Gitea's event of a comment names the pull request too.
	const own = "(github.event_name == 'pull_request' && github.event.pull_request.number) || "
	if got := parsed(t, Pipeline{Forge: "gitea"}).Concurrency.Group; !strings.Contains(got, own) ||
		strings.Contains(got, "issue.number") {
		t.Errorf("Gitea's group is %s", got)
	}
}
