package main

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/soak"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// A bake is killed when its machine has been asked for, when that is stopped,
// and when AWS makes the image. The machine goes when its time is over; what is
// there of the image is for bake --prune.
func TestBake_SweepRemovesTheMachineOfOneThatIsKilled(t *testing.T) {
	folder := os.Getenv(internet)
	if folder == "" {
		t.Parallel()
		apart(t, t.TempDir(), "/usr/sbin/sshd", "/usr/sbin/ip")
		return
	}
	key := oneComputer(t)
	steps := [][2]string{
		{"RunInstances", "pending"},
		{"StopInstances", "stopped"},
		{"CreateImage", "stopped"},
	}
	for _, at := range soak.Steps(t, len(steps), 1) {
		action, state := steps[at][0], steps[at][1]
		t.Run(action, func(t *testing.T) {
			s := newStation(t, key, folder, -1)
			if state == "pending" {
				s.account = newAccount(t, key.Private, standin.Options{Pending: time.Hour})
			}
			meets := func(_ int, got string) bool { return got == action }
			p := s.troubled(meets, trouble{kill: true, fault: standin.Fault{Lost: true}}, "bake", "--binary",
				"/usr/bin/true")
			if code := p.ends(); code != -1 {
				t.Fatalf("exit %d: %s", code, p.stderr.String())
			}
			if calls := s.cloud.Calls(); calls[len(calls)-1].Action != action {
				t.Errorf("killed at %s", calls[len(calls)-1].Action)
			}
			s.cloud.Fault(nil)
			s.expire(state)
			s.assertSwept("ami", "snap")
		})
	}
}

// expire lets the time of the one machine be over, which is in that state.
func (a *account) expire(state string) {
	a.Helper()
	left := a.cloud.Left()
	i := slices.IndexFunc(left, func(id string) bool { return strings.HasPrefix(id, "i-") })
	if i < 0 {
		a.Fatalf("no machine in %v", left)
	}
	past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	a.ask(url.Values{
		"Action": {"CreateTags"}, "ResourceId.1": {left[i]}, "Tag.1.Key": {machine.LabelExpires},
		"Tag.1.Value": {past},
	})
	a.ask(url.Values{"Action": {"DescribeInstances"}})
	if body := a.cloud.Calls()[1].Body; !strings.Contains(body, "<name>"+state+"</name>") {
		a.Errorf("the machine is not %s: %s", state, body)
	}
}

func (a *account) ask(form url.Values) {
	a.Helper()
	answer, err := http.PostForm(a.endpoint, form)
	if err != nil {
		a.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		a.Fatalf("%s: %s", form.Get("Action"), answer.Status)
	}
}
