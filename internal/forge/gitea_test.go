package forge_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
)

// A real Gitea or Forgejo keeps the contract too. It needs the token of an
// administrator, who makes the people and the repositories of the tests.
func TestGitea_KeepsTheContractForReal(t *testing.T) {
	address, token := os.Getenv("OFFSHOOT_TEST_GITEA_URL"), os.Getenv("OFFSHOOT_TEST_GITEA_TOKEN")
	if address == "" || token == "" {
		t.Log("OFFSHOOT_TEST_GITEA_URL and OFFSHOOT_TEST_GITEA_TOKEN name no server: the stand-in has to do")
		return
	}
	client, err := gitea.NewClient(address, gitea.SetToken(token), gitea.SetGiteaVersion(""))
	if err != nil {
		t.Fatal(err)
	}
	me, _, err := client.GetMyUserInfo()
	if err != nil {
		t.Fatal(err)
	}
	forgetest.Conformance(t, func(t *testing.T) forgetest.Subject {
		w := newRealGitea(t, client, me.UserName)
		at := forge.Location{Kind: forge.Gitea, API: address, Repository: w.owner + "/" + w.name}
		f, err := forge.Open(at, forge.Options{Token: token, Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return forgetest.Subject{Forge: f, World: w, Many: giteaMany}
	})
}

// giteaMany is more than Gitea puts on a page.
const giteaMany = 52

// realGitea changes a repository on a real server.
type realGitea struct {
	*gitea.Client
	owner, name    string
	writer, reader string
	last           int
}

func newRealGitea(t *testing.T, client *gitea.Client, me string) *realGitea {
	t.Helper()
	tag := fmt.Sprintf("%x", time.Now().UnixNano())
	w := &realGitea{Client: client, owner: me, name: "t" + tag, writer: "w" + tag, reader: "r" + tag}
	_, _, err := client.CreateRepo(gitea.CreateRepoOption{Name: w.name, AutoInit: true, DefaultBranch: "main"})
	must(t, err)
	t.Cleanup(func() { _, _ = client.DeleteRepo(w.owner, w.name) })
	for login, mode := range map[string]gitea.AccessMode{
		w.writer: gitea.AccessModeWrite,
		w.reader: gitea.AccessModeRead,
	} {
		_, _, err := client.AdminCreateUser(gitea.CreateUserOption{
			Username: login, Email: login + "@a.test", Password: tag + "Aa1!", MustChangePassword: new(false),
		})
		must(t, err)
		t.Cleanup(func() { _, _ = client.AdminDeleteUser(login) })
		_, err = client.AddCollaborator(w.owner, w.name, login, gitea.AddCollaboratorOption{Permission: &mode})
		must(t, err)
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *realGitea) Open(t *testing.T, like forge.Pull) forge.Pull {
	t.Helper()
	w.last++
	branch := fmt.Sprintf("change-%d", w.last)
	commit := w.commit(t, "main", branch, branch+".txt")
	option := gitea.CreatePullRequestOption{Head: branch, Base: "main", Title: like.Title}
	for _, name := range like.Labels {
		label, _, err := w.CreateLabel(w.owner, w.name, gitea.CreateLabelOption{Name: name, Color: "#00aabb"})
		must(t, err)
		option.Labels = append(option.Labels, label.ID)
	}
	made, _, err := w.CreatePullRequest(w.owner, w.name, option)
	must(t, err)
	return forge.Pull{
		Number: int(made.Index), Title: like.Title, Author: w.owner, URL: made.HTMLURL, Commit: commit, Branch: branch,
		Base: "main",
		Open: true, Labels: append([]string{}, like.Labels...),
	}
}

func (w *realGitea) commit(t *testing.T, from, to, file string) string {
	t.Helper()
	made, _, err := w.CreateFile(w.owner, w.name, file, gitea.CreateFileOptions{
		FileOptions: gitea.FileOptions{Message: file, BranchName: from, NewBranchName: to},
		Content:     base64.StdEncoding.EncodeToString([]byte(file)),
	})
	must(t, err)
	return made.Commit.SHA
}

// Push waits until the pull request shows the commit: Gitea updates it later.
func (w *realGitea) Push(t *testing.T, number int) string {
	t.Helper()
	p, _, err := w.GetPullRequest(w.owner, w.name, int64(number))
	must(t, err)
	commit := w.commit(t, p.Head.Ref, "", "pushed.txt")
	for deadline := time.Now().Add(time.Minute); p.Head.Sha != commit; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("pull request %d stays at %s", number, p.Head.Sha)
		}
		p, _, err = w.GetPullRequest(w.owner, w.name, int64(number))
		must(t, err)
	}
	return commit
}

func (w *realGitea) Close(t *testing.T, number int) {
	t.Helper()
	state := gitea.StateClosed
	_, _, err := w.EditPullRequest(w.owner, w.name, int64(number), gitea.EditPullRequestOption{State: &state})
	must(t, err)
}

func (w *realGitea) Bodies(t *testing.T, number int) []string {
	t.Helper()
	list, _, err := w.ListIssueComments(w.owner, w.name, int64(number), gitea.ListIssueCommentOptions{})
	must(t, err)
	var bodies []string
	for _, c := range list {
		bodies = append(bodies, strings.ReplaceAll(c.Body, "\r\n", "\n"))
	}
	return bodies
}

// Say comments as the reader, by the administrator's right to be anybody.
func (w *realGitea) Say(t *testing.T, number int, body string) {
	t.Helper()
	w.SetSudo(w.reader)
	defer w.SetSudo("")
	_, _, err := w.CreateIssueComment(w.owner, w.name, int64(number), gitea.CreateIssueCommentOption{Body: body})
	must(t, err)
}

func (w *realGitea) People() (writer, reader, nobody string) {
	return w.writer, w.reader, "nobody-" + w.name
}
