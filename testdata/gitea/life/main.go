// Command life plays the life of pull requests on a real Gitea, with the
// workflow as offshoot init writes it: what people do, when a run waits and when
// none does, and what is to come of it. It ends with an error at the first thing
// that is not as it should be.
//
//	people ─▶ Gitea ─▶ events ─▶ runner ─▶ offshoot ci ─▶ engine, comment
//	                                             looked at ◀──┘
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	w := &world{}
	flag.StringVar(&w.base, "gitea", "", "address of Gitea")
	flag.StringVar(&w.token, "token", os.Getenv("GITEA_TOKEN"), "token of its administrator")
	flag.StringVar(&w.runner, "runner", "", "program of the runner")
	flag.StringVar(&w.runnerToken, "runner-token", os.Getenv("RUNNER_TOKEN"), "registration token of runners")
	flag.StringVar(&w.checkout, "checkout", "", "folder that becomes the repository")
	flag.StringVar(&w.actions, "actions", "", "folder of the actions")
	flag.StringVar(&w.work, "work", "", "folder of the jobs")
	flag.StringVar(&w.source, "source", "", "address of the source database")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	began := time.Now()
	err := play(ctx, w)
	if err != nil {
		fmt.Println("FAIL", err)
		w.explain()
		os.Exit(1)
	}
	fmt.Printf("ok   all of it, in %.0fs\n", time.Since(began).Seconds())
}

// play runs the acts one after another.
func play(ctx context.Context, w *world) (err error) {
	if err := w.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer func() { err = errors.Join(err, w.stopRunner()) }()
	for _, act := range []struct {
		name string
		play func(context.Context, *world) error
	}{
		{"a fork, and its approval", fork},
		{"opened with a label in one call", openedWithALabel},
		{"a label that is asked for comes and goes", labels},
		{"a draft by its title", drafts},
		{"a close waits behind a run, and a label comes", closedAtTheWorstMoment},
		{"commands, of those who may and who may not", commands},
		{"a push waits, and people talk", talkWhileAPushWaits},
		{"opened, and pushed to", openedAndPushed},
		{"merged", merged},
		{"with the token of a bot", bot},
		{"nothing is left", nothingLeft},
	} {
		began := time.Now()
		if err := act.play(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", act.name, err)
		}
		if err := w.allGreen(ctx); err != nil {
			return fmt.Errorf("%s: %w", act.name, err)
		}
		fmt.Printf("ok   %s  %.0fs\n", act.name, time.Since(began).Seconds())
	}
	return nil
}
