// Command runner takes jobs from a Gitea and runs them on this computer, as
// act_runner does with the label "…:host": by Gitea's own protocol, and by the
// engine of Gitea's runner. It is for tests: of actions it knows offshoot, from a
// folder, and a checkout that needs nothing but git, and it runs one job at a time.
//
//	register ─▶ fetch ─▶ job ─▶ act ─▶ steps of the workflow ─▶ log, result
//
// It ends with SIGTERM; a job that runs then is cut off, as with a lost machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"code.gitea.io/actions-proto-go/runner/v1/runnerv1connect"
	"connectrpc.com/connect"
)

// options are the command line.
type options struct {
	gitea, token, name, labels string
	actions                    string // folder with a folder for each action: offshoot, checkout
	hold                       string // while this file is there, no job is taken
	work                       string // jobs, with their logs and events, are kept below it
}

func main() {
	var o options
	flag.StringVar(&o.gitea, "gitea", "", "address of Gitea")
	flag.StringVar(&o.token, "token", os.Getenv("RUNNER_TOKEN"), "registration token")
	flag.StringVar(&o.name, "name", "runner", "name of this runner")
	flag.StringVar(&o.labels, "labels", "self-hosted", "labels, with commas")
	flag.StringVar(&o.actions, "actions", "", "folder of the actions")
	flag.StringVar(&o.work, "work", "", "folder of the jobs")
	flag.StringVar(&o.hold, "hold", "", "take no job while this file is there")
	flag.Parse()
	o.gitea = strings.TrimRight(o.gitea, "/")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, o); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "runner:", err)
		os.Exit(1)
	}
}

// identity puts the runner's names into every request.
type identity struct{ uuid, token string }

func (id *identity) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-Runner-Uuid", id.uuid)
	req.Header.Set("X-Runner-Token", id.token)
	return http.DefaultTransport.RoundTrip(req)
}

func serve(ctx context.Context, o options) error {
	id := &identity{}
	client := runnerv1connect.NewRunnerServiceClient(&http.Client{Transport: id, Timeout: time.Minute},
		o.gitea+"/api/actions")
	labels := strings.Split(o.labels, ",")
	known, err := client.Register(ctx,
		connect.NewRequest(&runnerv1.RegisterRequest{Name: o.name, Token: o.token, Version: "test", Labels: labels}))
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	id.uuid, id.token = known.Msg.GetRunner().GetUuid(), known.Msg.GetRunner().GetToken()
	if _, err := client.Declare(ctx,
		connect.NewRequest(&runnerv1.DeclareRequest{Version: "test", Labels: labels})); err != nil {
		return fmt.Errorf("declare: %w", err)
	}
	fmt.Println("runner: registered")
	for version := int64(0); ; {
		if _, err := os.Stat(o.hold); err == nil {
			if !pause(ctx) {
				return ctx.Err()
			}
			continue
		}
		task, now, err := fetch(ctx, client, version)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			fmt.Fprintln(os.Stderr, "runner: fetch:", err)
		case task != nil:
			version = 0 // there may be more
			if err := (&job{options: o, client: client, task: task}).run(ctx); err != nil {
				return err
			}
			continue
		default:
			version = now
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
}

// pause waits as long as act_runner does before it asks again.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(2 * time.Second):
		return true
	}
}

// fetch asks for a job; the version tells Gitea what was known of its queue.
func fetch(
	ctx context.Context, client runnerv1connect.RunnerServiceClient, version int64,
) (*runnerv1.Task, int64, error) {
	reply, err := client.FetchTask(ctx, connect.NewRequest(&runnerv1.FetchTaskRequest{TasksVersion: version}))
	if err != nil {
		return nil, 0, err
	}
	return reply.Msg.GetTask(), reply.Msg.GetTasksVersion(), nil
}
