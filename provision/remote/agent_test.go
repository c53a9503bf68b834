package remote_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

func TestAgent_SaysWhatAVerbWants(t *testing.T) {
	agent := remote.Agent{
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard,
		Redact:  func(text string) string { return text },
		Connect: func(context.Context) (provision.Engine, error) { return provision.Engine{}, errors.New("connected") },
	}
	for args, want := range map[string]string{
		"":                    "agent: no verb is given",
		"fly":                 `agent: there is no verb "fly"`,
		"compare":             "agent compare: want FOLDER",
		"run /folder":         "agent run: want FOLDER ID",
		"follow /folder id":   "agent follow: want FOLDER ID OFFSET",
		"start /folder again": "agent start: want FOLDER",
		"logs":                "agent logs: want PREVIEW [-f] [-tail N] [-- SERVICE...]",
		"logs pr -colour":     "agent logs: flag provided but not defined: -colour",
		"exec pr -- web":      "agent exec: want a service and a command",
		"access pr -rotate=x": `agent access: invalid boolean value "x" for -rotate: parse error`,
		"wipe-files /":        "agent wipe-files: want ROOT DIGEST",
		"psql pr -- -c x":     "connected",
	} {
		err := agent.Run(t.Context(), strings.Fields(args))
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", args, err, want)
		}
	}
}

// The other end reads the last line of standard error.
func TestAgent_WritesWhatWentWrongWithARun(t *testing.T) {
	var said strings.Builder
	agent := remote.Agent{
		Stdin: strings.NewReader("no JSON"), Stdout: io.Discard, Stderr: &said,
		Redact: func(text string) string { return strings.ReplaceAll(text, "invalid", "***") },
	}
	err := agent.Run(t.Context(), []string{"compare", t.TempDir()})
	var exit *remote.SaidError
	if !errors.As(err, &exit) || exit.Code != 1 {
		t.Errorf("error %v", err)
	}
	if got := said.String(); !strings.HasPrefix(got, `{"error":"agent compare: ***`) || strings.Count(got, "\n") != 1 {
		t.Errorf("it says %q", got)
	}
}
