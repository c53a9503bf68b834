package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/internal/checks"
)

func TestChecks_AreRead(t *testing.T) {
	c := &Config{}
	err := c.Parse(Name, []byte(`
checks:
  pages: [/, "/orders?state=new"]
  most: 20
  headers: {Cookie: "session=${SESSION}"}
  login: {path: /in, form: {email: a@b.c, password: "${PASSWORD}"}}
  run: {service: web, command: [npm, run, e2e]}
  timeout: 2m
  fail_on: [breaks, fails]
  worse_pages: 0
`), lookup("SESSION", "7", "PASSWORD", "hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	want := Checks{
		Settings: checks.Settings{
			Pages: []string{"/", "/orders?state=new"}, Most: 20, Headers: map[string]string{"Cookie": "session=7"},
			Login: &checks.Login{Path: "/in", Form: map[string]string{"email": "a@b.c", "password": "hunter2"}},
			Run:   &checks.Run{Service: "web", Command: []string{"npm", "run", "e2e"}}, Timeout: 2 * time.Minute,
			FailOn: []string{"breaks", "fails"}, WorsePages: new(int),
		},
		PlainHeaders: map[string]string{"Cookie": "session="},
		PlainForm:    map[string]string{"email": "a@b.c", "password": ""},
	}
	if diff := cmp.Diff(want, c.Checks); diff != "" {
		t.Error(diff)
	}
}

func TestChecks_AreTurnedOff(t *testing.T) {
	for file, off := range map[string]bool{"": false, "checks: false": true, "checks: true": false, "checks: {}": false} {
		c := &Config{}
		if err := c.Parse(Name, []byte(file), lookup()); err != nil || c.Checks.Off != off {
			t.Errorf("%q: %v, %v", file, c.Checks.Off, err)
		}
	}
}

// A job without the secrets can still remove a preview.
func TestChecks_AVariableThatIsNotSetIsAMistakeOfWhoVisitsAlone(t *testing.T) {
	c := &Config{}
	err := c.Parse(Name, []byte("checks: {headers: {Cookie: \"${SESSION}\"}}"), lookup())
	if err != nil || c.Checks.Unset == nil || !strings.Contains(c.Checks.Unset.Error(), "SESSION is not set") {
		t.Errorf("%v, %v", err, c.Checks.Unset)
	}
}

func TestChecks_WhatIsRefused(t *testing.T) {
	for file, want := range map[string]string{
		"checks: {pages: [orders]}":                  "checks.pages: not a path",
		"checks: {pages: [//evil.test/]}":            "checks.pages: not a path",
		`checks: {pages: ["/a\nX: y"]}`:              "checks.pages: not a path",
		`checks: {headers: {"X: Y": z}}`:             "not the name of a header",
		"checks: {login: {path: \"http://evil/\"}}":  "checks.login.path: not a path",
		"checks: {login: {form: {a: b}}}":            "checks.login: path is missing",
		"checks: {run: {service: web}}":              "checks.run: command is missing",
		"checks: {fail_on: [slow]}":                  `unknown word "slow"`,
		"checks: {most: 0}":                          "checks.most: 0 is not between 1 and 1000",
		"checks: {timeout: 2h}":                      "checks.timeout: more than an hour",
		"checks: {worse_pages: -1}":                  "checks.worse_pages: -1 is not between",
		"checks: perhaps":                            "checks: not true or false",
		"checks: {headers: {X: {hunter2: hunter2}}}": "checks.headers.X: not text",
	} {
		err := new(Config).Parse(Name, []byte(file), lookup())
		if !strings.Contains(fmt.Sprint(err), want) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", file, err)
		}
	}
}
