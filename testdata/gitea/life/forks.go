package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
)

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func decode(text string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	return string(raw), err
}

// fork: Gitea runs the workflow of somebody who is new when a maintainer lets it,
// and offshoot the code when one approves the commit.
func fork(ctx context.Context, w *world) error {
	number, err := w.openFork(ctx)
	if err != nil {
		return err
	}
	waiting, err := w.unapproved(ctx)
	if err != nil {
		return err
	}
	if err := w.approveRun(ctx, waiting); err != nil {
		return err
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	said, err := w.one(ctx, number)
	if err != nil || !strings.Contains(said.Body, "/preview approve ") {
		return fmt.Errorf("the fork's pull request says %s: %v", said.Body, err)
	}
	var p pull
	if err := w.ask(ctx, "", "GET", fmt.Sprintf("/repos/%s/pulls/%d", repository, number), nil, &p); err != nil {
		return err
	}
	// Who may only read approves nothing. Gitea holds back what is new to it.
	for _, as := range []string{"mallory", "rita"} {
		id, err := w.say(ctx, as, number, "/preview approve "+p.Head.SHA)
		if err != nil {
			return err
		}
		if as == "rita" {
			if waiting, err = w.unapproved(ctx); err != nil {
				return err
			}
			if err := w.approveRun(ctx, waiting); err != nil {
				return err
			}
		}
		if err := w.settled(ctx); err != nil {
			return err
		}
		if err := w.reaction(ctx, id, "-1"); err != nil {
			return fmt.Errorf("approval of %s: %w", as, err)
		}
	}
	if _, err := w.say(ctx, "wendy", number, "/preview approve "+p.Head.SHA); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "from a fork"); err != nil {
		return err
	}
	if err := w.commit(ctx, "mallory", "mallory/life", "", "forked", "from a fork, later"); err != nil {
		return err
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	if said, err = w.one(ctx, number); err != nil || !strings.Contains(said.Body, "/preview approve ") {
		return fmt.Errorf("after a push the fork's pull request says %s: %v", said.Body, err)
	}
	return w.close(ctx, number)
}

func (w *world) openFork(ctx context.Context) (int, error) {
	if err := w.ask(ctx, "mallory", "POST", "/repos/"+repository+"/forks", object{}, nil); err != nil {
		return 0, err
	}
	if err := w.commit(ctx, "mallory", "mallory/life", "main", "forked", "from a fork"); err != nil {
		return 0, err
	}
	var made pull
	err := w.ask(ctx, "mallory", "POST", "/repos/"+repository+"/pulls",
		object{"head": "mallory:forked", "base": "main", "title": "from a fork"}, &made)
	return made.Number, err
}

// unapproved is the run that waits to be let run.
func (w *world) unapproved(ctx context.Context) (id int64, err error) {
	err = until(ctx, "the fork's run waits", func() (string, bool, error) {
		all, err := w.runs(ctx)
		for _, r := range all {
			if !r.over() {
				id = r.ID
			}
		}
		return fmt.Sprint(all), id != 0, err
	})
	return id, err
}

// bot: from now on another token writes, with exactly the documented scopes; it
// goes on with the comment that the job's token made.
func bot(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "bot", nil)
	if err != nil {
		return err
	}
	if err := w.serves(ctx, number, "bot"); err != nil {
		return err
	}
	token, err := w.tokenOf(ctx, "robot", "write:issue", "write:repository")
	if err != nil {
		return err
	}
	if err := w.ask(ctx, "ann", "PUT", "/repos/"+repository+"/actions/secrets/OFFSHOOT_TOKEN", object{"data": token},
		nil); err != nil {
		return err
	}
	if err := w.commit(ctx, "wendy", repository, "", "bot", "by a bot"); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "by a bot"); err != nil {
		return err
	}
	if said, err := w.one(ctx, number); err != nil || said.User.Login != "robot" {
		return fmt.Errorf("the comment is by %s: %v", said.User.Login, err)
	}
	id, err := w.say(ctx, "rita", number, "/preview down")
	if err != nil {
		return err
	}
	if err := w.serves(ctx, number, "by a bot"); err != nil {
		return err
	}
	if err := w.reaction(ctx, id, "-1"); err != nil {
		return err
	}
	return w.close(ctx, number)
}

// nothingLeft looks for all that could be of this repository on the engine.
func nothingLeft(ctx context.Context, w *world) error {
	for _, kind := range [][]string{{"ps", "-aq"}, {"volume", "ls", "-q"}, {"network", "ls", "-q"}, {"images", "-q"}} {
		left, err := engine(ctx, append(kind, "--filter", "label=dev.offshoot.repository="+w.label())...)
		if err != nil || left != "" {
			return fmt.Errorf("docker %s of this repository: %q %v", kind[0], left, err)
		}
	}
	return nil
}
