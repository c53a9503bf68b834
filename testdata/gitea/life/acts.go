package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Each act makes a pull request of its own, so that one does not hide what
// another left.

func openedAndPushed(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "change-one", nil)
	if err != nil {
		return err
	}
	if err := w.serves(ctx, number, "change-one"); err != nil {
		return err
	}
	if err := w.commit(ctx, "wendy", repository, "", "change-one", "pushed"); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "pushed"); err != nil {
		return err
	}
	if err := w.edit(ctx, number, object{"body": "more words"}); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "pushed"); err != nil {
		return err
	}
	if err := w.edit(ctx, number, object{"state": "closed"}); err != nil {
		return err
	}
	if err := w.gone(ctx, number); err != nil {
		return err
	}
	if err := w.edit(ctx, number, object{"state": "open"}); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "pushed"); err != nil {
		return err
	}
	return w.close(ctx, number)
}

func (w *world) close(ctx context.Context, number int) error {
	if err := w.edit(ctx, number, object{"state": "closed"}); err != nil {
		return err
	}
	return w.gone(ctx, number)
}

// began waits until the run of a pull request says that it makes the preview.
func (w *world) began(ctx context.Context, number int) error {
	return until(ctx, "the run begins", func() (string, bool, error) {
		ours, err := w.comments(ctx, number)
		return fmt.Sprint(ours), len(ours) == 1 && strings.Contains(ours[0].Body, "being made"), err
	})
}

// The push has to wait for the run that has begun; what people write then must
// not take its place.
func talkWhileAPushWaits(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "talk", nil)
	if err != nil {
		return err
	}
	if err := w.began(ctx, number); err != nil {
		return err
	}
	if err := w.commit(ctx, "wendy", repository, "", "talk", "talked about"); err != nil {
		return err
	}
	for as, text := range map[string]string{"rita": "LGTM", "mallory": "/preview down", "wendy": "/preview nonsense"} {
		if _, err := w.say(ctx, as, number, text); err != nil {
			return err
		}
	}
	if err := w.label1(ctx, number, "size/L"); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "talked about"); err != nil {
		return err
	}
	return w.close(ctx, number)
}

// label1 adds a label.
func (w *world) label1(ctx context.Context, number int, name string) error {
	return w.ask(ctx, "wendy", "POST", fmt.Sprintf("/repos/%s/issues/%d/labels", repository, number),
		object{"labels": []string{name}}, nil)
}

func (w *world) unlabel(ctx context.Context, number int, name string) error {
	var all []struct {
		ID   int64
		Name string
	}
	path := fmt.Sprintf("/repos/%s/issues/%d/labels", repository, number)
	if err := w.ask(ctx, "", "GET", path, nil, &all); err != nil {
		return err
	}
	for _, l := range all {
		if l.Name == name {
			return w.ask(ctx, "wendy", "DELETE", fmt.Sprintf("%s/%d", path, l.ID), nil, nil)
		}
	}
	return fmt.Errorf("no label %s on %d", name, number)
}

func (w *world) reaction(ctx context.Context, id int64, want string) error {
	var all []struct{ Content string }
	err := w.ask(ctx, "", "GET", fmt.Sprintf("/repos/%s/issues/comments/%d/reactions", repository, id), nil, &all)
	for _, r := range all {
		if r.Content == want {
			return err
		}
	}
	return errors.Join(err, fmt.Errorf("comment %d has the reactions %v, want %s", id, all, want))
}

func commands(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "commands", nil)
	if err != nil {
		return err
	}
	if err := w.serves(ctx, number, "commands"); err != nil {
		return err
	}
	for _, c := range []struct{ as, text, reaction, says string }{
		{"mallory", "/preview down", "-1", ""},
		{"wendy", "/preview extend 24h", "eyes", "lives until"},
		{"ann", "/preview reset", "eyes", ""},
		{"wendy", "/preview nonsense", "-1", "that is no command"},
	} {
		id, err := w.say(ctx, c.as, number, c.text)
		if err != nil {
			return err
		}
		if err := w.serves(ctx, number, "commands"); err != nil {
			return fmt.Errorf("%s: %w", c.text, err)
		}
		said, err := w.one(ctx, number)
		if err != nil || !strings.Contains(said.Body, c.says) {
			return fmt.Errorf("%s of %s is answered with %s: %v", c.text, c.as, said.Body, err)
		}
		if err := w.reaction(ctx, id, c.reaction); err != nil {
			return fmt.Errorf("%s of %s: %w", c.text, c.as, err)
		}
	}
	if _, err := w.say(ctx, "wendy", number, "/preview down"); err != nil {
		return err
	}
	if err := w.gone(ctx, number); err != nil {
		return err
	}
	return w.close(ctx, number)
}

// The run of the opening waits for a runner when the label's comes, and Gitea
// cancels it then.
func openedWithALabel(ctx context.Context, w *world) error {
	if err := w.pause(); err != nil {
		return err
	}
	var all []struct {
		ID   int64
		Name string
	}
	if err := w.ask(ctx, "", "GET", "/repos/"+repository+"/labels", nil, &all); err != nil {
		return err
	}
	var ids []int64
	for _, l := range all {
		if l.Name == "size/L" {
			ids = append(ids, l.ID)
		}
	}
	number, err := w.open(ctx, "with-a-label", object{"labels": ids})
	if err != nil {
		return err
	}
	if _, err := w.say(ctx, "rita", number, "nice"); err != nil {
		return err
	}
	if err := w.resume(); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "with-a-label"); err != nil {
		return err
	}
	return w.close(ctx, number)
}

// configure changes offshoot.yaml on a branch.
func (w *world) configure(ctx context.Context, branch, more string) error {
	path := "/repos/" + repository + "/contents/offshoot.yaml"
	var old struct{ SHA, Content string }
	if err := w.ask(ctx, "wendy", "GET", path+"?ref="+branch, nil, &old); err != nil {
		return err
	}
	text, err := decode(old.Content)
	if err != nil {
		return err
	}
	return w.ask(ctx, "wendy", "PUT", path,
		object{"content": encode(text + more), "sha": old.SHA, "branch": branch, "message": "configure"}, nil)
}

func labels(ctx context.Context, w *world) error {
	if err := w.pause(); err != nil {
		return err
	}
	number, err := w.open(ctx, "labelled", nil)
	if err != nil {
		return err
	}
	if err := w.configure(ctx, "labelled", "\npull_requests: {label: preview}\n"); err != nil {
		return err
	}
	if err := w.resume(); err != nil {
		return err
	}
	if err := w.gone(ctx, number); err != nil {
		return err
	}
	if err := w.label1(ctx, number, "preview"); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "labelled"); err != nil {
		return err
	}
	if err := w.unlabel(ctx, number, "preview"); err != nil {
		return err
	}
	if err := w.gone(ctx, number); err != nil {
		return err
	}
	return w.close(ctx, number)
}

func drafts(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "draft", object{"title": "WIP: draft"})
	if err != nil {
		return err
	}
	if err := w.gone(ctx, number); err != nil {
		return err
	}
	if err := w.edit(ctx, number, object{"title": "a draft no more"}); err != nil {
		return err
	}
	if err := w.serves(ctx, number, "draft"); err != nil {
		return err
	}
	if err := w.edit(ctx, number, object{"title": "WIP: a draft again"}); err != nil {
		return err
	}
	if err := w.gone(ctx, number); err != nil {
		return err
	}
	return w.close(ctx, number)
}

func closedAtTheWorstMoment(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "closed", nil)
	if err != nil {
		return err
	}
	if err := w.began(ctx, number); err != nil {
		return err
	}
	if err := w.edit(ctx, number, object{"state": "closed"}); err != nil {
		return err
	}
	if err := w.label1(ctx, number, "size/L"); err != nil {
		return err
	}
	return w.gone(ctx, number)
}

func merged(ctx context.Context, w *world) error {
	number, err := w.open(ctx, "merged", nil)
	if err != nil {
		return err
	}
	if err := w.serves(ctx, number, "merged"); err != nil {
		return err
	}
	if err := w.ask(ctx, "wendy", "POST", fmt.Sprintf("/repos/%s/pulls/%d/merge", repository, number),
		object{"Do": "merge"}, nil); err != nil {
		return err
	}
	return w.gone(ctx, number)
}
