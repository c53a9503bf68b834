package main

import "testing"

// Gitea's own address ends with a slash.
func TestCI_LinksToItsRunWithoutASecondSlash(t *testing.T) {
	for _, server := range []string{"https://gitea.test", "https://gitea.test/"} {
		a := &app{lookup: lookup("GITHUB_SERVER_URL", server, "GITHUB_REPOSITORY", "acme/shop", "GITHUB_RUN_ID", "7")}
		if got := (jobs{a.above()}).runURL(); got != "https://gitea.test/acme/shop/actions/runs/7" {
			t.Errorf("%s: %s", server, got)
		}
	}
}
