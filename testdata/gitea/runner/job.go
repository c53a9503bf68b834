package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"code.gitea.io/actions-proto-go/runner/v1/runnerv1connect"
	"connectrpc.com/connect"
	"github.com/nektos/act/pkg/common"
	"github.com/nektos/act/pkg/model"
	"github.com/nektos/act/pkg/runner"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// A job is one task of Gitea's.
type job struct {
	options
	client runnerv1connect.RunnerServiceClient
	task   *runnerv1.Task

	began  time.Time
	result string // as act says
	mutex  sync.Mutex
	rows   []*runnerv1.LogRow
	file   *os.File
}

// run does the job, and tells Gitea how it ended.
func (j *job) run(ctx context.Context) error {
	j.began = time.Now()
	dir := filepath.Join(j.work, fmt.Sprintf("%03d", j.task.GetId()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	j.file = file
	defer file.Close()
	working, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); j.watch(working, cancel) }()
	err = j.steps(working, dir)
	cut := working.Err() != nil
	cancel()
	<-watched
	return j.tell(context.WithoutCancel(ctx), err, cut)
}

// steps runs the steps of the workflow by Gitea's own engine.
func (j *job) steps(ctx context.Context, dir string) error {
	github, event, err := j.context()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "event.json"), event, 0o644); err != nil {
		return err
	}
	workflow, err := model.ReadWorkflow(bytes.NewReader(j.task.GetWorkflowPayload()))
	if err != nil {
		return err
	}
	ids := workflow.GetJobIDs()
	if len(ids) != 1 {
		return fmt.Errorf("%d jobs in a task", len(ids))
	}
	plan, err := model.CombineWorkflowPlanner(workflow).PlanJob(ids[0])
	if err != nil {
		return err
	}
	trace := logrus.DebugLevel
	engine, err := runner.New(&runner.Config{
		Workdir: filepath.Join(dir, "work"), ActionCacheDir: filepath.Join(dir, "cache"), EventJSON: string(event),
		Env:     map[string]string{"GITEA_ACTIONS": "true", "GITEA_ACTIONS_RUNNER_VERSION": "test"},
		Secrets: j.task.GetSecrets(), Vars: j.task.GetVars(), Token: github.Token, LogOutput: true,
		NoSkipCheckout: true,
		GitHubInstance: j.gitea, DefaultActionInstance: "https://github.com", PresetGitHubContext: github,
		PlatformPicker: func([]string) string { return "-self-hosted" }, JobLoggerLevel: &trace,
		ActionCache: &folders{dir: j.actions},
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "work"), 0o755); err != nil {
		return err
	}
	quiet := logrus.New()
	quiet.SetOutput(j.file)
	ctx = runner.WithJobLoggerFactory(ctx, logTo{j.file})
	return engine.NewPlanExecutor(plan)(common.WithLoggerHook(common.WithLogger(ctx, quiet), j))
}

// context is what the workflow knows as github.
func (j *job) context() (*model.GithubContext, []byte, error) {
	raw, err := j.task.GetContext().MarshalJSON()
	if err != nil {
		return nil, nil, err
	}
	var known model.GithubContext
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, nil, err
	}
	event, err := json.MarshalIndent(known.Event, "", " ")
	fmt.Printf("%s %03d %s %v #%v\n", time.Now().UTC().Format("15:04:05"), j.task.GetId(), known.EventName,
		known.Event["action"], number(known.Event))
	return &known, event, err
}

func number(event map[string]any) any {
	if n := event["number"]; n != nil {
		return n
	}
	issue, _ := event["issue"].(map[string]any)
	return issue["number"]
}

// logTo makes loggers of jobs that write to the file.
type logTo struct{ file *os.File }

func (l logTo) WithJobLogger() *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(l.file)
	logger.SetFormatter(plain{})
	return logger
}

// plain writes what steps print, and what the engine says of them.
type plain struct{}

func (plain) Format(e *logrus.Entry) ([]byte, error) {
	if e.Level > logrus.InfoLevel {
		return nil, nil
	}
	return []byte(strings.TrimRight(e.Message, "\r\n") + "\n"), nil
}

// Levels and Fire make the job a hook, by which the engine tells its result.
func (j *job) Levels() []logrus.Level { return logrus.AllLevels }

// Fire notes a line of the log.
func (j *job) Fire(e *logrus.Entry) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if result, ok := e.Data["jobResult"].(string); ok {
		j.result = result
	}
	if e.Level <= logrus.InfoLevel {
		j.rows = append(j.rows,
			&runnerv1.LogRow{Time: timestamppb.New(e.Time), Content: strings.TrimRight(e.Message, "\r\n")})
	}
	return nil
}

// watch tells Gitea that the job runs, and ends it when it was cancelled there.
func (j *job) watch(ctx context.Context, cancel func()) {
	for {
		reply, err := j.client.UpdateTask(ctx,
			connect.NewRequest(&runnerv1.UpdateTaskRequest{State: &runnerv1.TaskState{
				Id:        j.task.GetId(),
				StartedAt: timestamppb.New(j.began),
			}}))
		if err == nil && reply.Msg.GetState().GetResult() == runnerv1.Result_RESULT_CANCELLED {
			cancel()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// tell sends the log and the result.
func (j *job) tell(ctx context.Context, err error, cut bool) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	result := map[string]runnerv1.Result{
		"success": runnerv1.Result_RESULT_SUCCESS, "skipped": runnerv1.Result_RESULT_SKIPPED,
		"failure": runnerv1.Result_RESULT_FAILURE,
	}[j.result]
	if result == runnerv1.Result_RESULT_UNSPECIFIED || err != nil {
		result = runnerv1.Result_RESULT_FAILURE
	}
	if cut {
		result = runnerv1.Result_RESULT_CANCELLED
	}
	fmt.Printf("%s %03d %s after %.1fs\n", time.Now().UTC().Format("15:04:05"), j.task.GetId(),
		strings.ToLower(strings.TrimPrefix(result.String(), "RESULT_")), time.Since(j.began).Seconds())
	if err != nil {
		fmt.Fprintln(j.file, "runner:", err)
	}
	_, logged := j.client.UpdateLog(ctx,
		connect.NewRequest(&runnerv1.UpdateLogRequest{TaskId: j.task.GetId(), Rows: j.rows, NoMore: true}))
	_, told := j.client.UpdateTask(ctx, connect.NewRequest(&runnerv1.UpdateTaskRequest{State: &runnerv1.TaskState{
		Id: j.task.GetId(), Result: result, StartedAt: timestamppb.New(j.began), StoppedAt: timestamppb.Now(),
	}}))
	return errors.Join(logged, told)
}
