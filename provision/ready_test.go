package provision_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision"
)

const mixedFile = `
services:
  db: {image: PROGRAM, command: [sleep]}
  app-mail:
    image: PROGRAM
    command: [greet, ":2500", "220 mail ESMTP"]
    ports: ["2500"]
  web:
    image: PROGRAM
    command: [web, ":8000"]
    environment: {GREETING: "${GREETING}", STATUS: "400", DJANGO_SETTINGS_MODULE: shop}
    ports: ["8000"]
`

func TestUp_LeavesAsideWhatIsNotHTTPAndSaysWhoRefusesTheLink(t *testing.T) {
	f := newLight(t, 46)
	f.write("compose.yaml", mixedFile)
	f.options.Timeout = 5 * time.Minute
	result := f.up()
	if len(result.Links) != 1 || result.Links[0].Service != "web" ||
		!strings.Contains(result.Links[0].URL, "//pr-46.") {
		t.Errorf("links %+v", result.Links)
	}
	if status, body := get(t, result.Links[0].URL); status != 400 || body != "one" {
		t.Errorf("the link answers %d %q", status, body)
	}
	for _, want := range []string{
		"app-mail: port 2500 does not speak HTTP: left aside",
		"web answers 400 Bad Request to its link", "ALLOWED_HOSTS",
	} {
		if !f.noticed(want) {
			t.Errorf("nothing is said of %q: %+v", want, f.events)
		}
	}
	status, err := f.engine.Get(t.Context(), f.options.Preview)
	if err != nil || len(status.Links) != 1 || status.Links[0] != result.Links[0] {
		t.Errorf("listed with %+v, %v", status.Links, err)
	}

	f.options.Expose = map[string]int{"app-mail": 2500}
	began := time.Now()
	_, err = f.tryUp()
	var failed *provision.StepError
	if !errors.As(err, &failed) || failed.Step != provision.StepReady || failed.Service != "app-mail" ||
		!strings.Contains(err.Error(), "port 2500 does not speak HTTP") {
		t.Errorf("named, and yet: %v", err)
	}
	if hints := strings.Join(hint.Of(err), "\n"); !strings.Contains(hints, "preview.expose") ||
		time.Since(began) > f.options.Timeout {
		t.Errorf("hints %q after %v", hints, time.Since(began))
	}
	if status, _ := get(t, result.Links[0].URL); status != 400 {
		t.Errorf("what served answers %d", status)
	}
}

func (f *fixture) noticed(text string) bool {
	for _, e := range f.events {
		if e.Kind == provision.Notice && strings.Contains(e.Text, text) {
			return true
		}
	}
	return false
}
