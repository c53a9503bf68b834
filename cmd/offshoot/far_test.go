package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// ec2Checkout makes the working directory a checkout whose previews are on EC2.
func ec2Checkout(t *testing.T) {
	t.Helper()
	text := "project: shop\nprovider: ec2\nec2: {ssh: 198.51.100.7/32, prices: {t3.large: 0.0912}}\n"
	for name, text := range map[string]string{
		config.Name:    text,
		"compose.yaml": "services:\n  db: {image: postgres:15}\n  web: {image: web, ports: [\"80\"]}\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", "https://github.com/acme/shop"}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
	}
}

// launched puts a machine of the checkout's repository into the account.
func launched(cloud *standin.Cloud, pull, link string, serves ...string) string {
	return cloud.Launch(map[string]string{
		provision.LabelServes: strings.Join(serves, ""),
		machine.LabelPreview:  "shop-pr-" + pull, machine.LabelRepository: "github.com/acme/shop",
		"dev.offshoot.name":    "pr-" + pull,
		"dev.offshoot.project": "shop", "dev.offshoot.pull-request": pull, provision.LabelCommit: "c0ffee0000000000",
		provision.LabelLink:  link,
		machine.LabelExpires: time.Now().Add(5*time.Hour + time.Minute).UTC().Format(time.RFC3339),
	})
}

func TestFar_ListShowsMachinesWithLinkExpiryAndPrice(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	if _, errs, code := captured(t, "list"); code != exitDone ||
		!strings.Contains(errs, "no machines of offshoot's in the region") {
		t.Errorf("exit %d: %s", code, errs)
	}
	launched(cloud, "12", "http://12.example.com/")
	out, errs, code := captured(t, "list")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if want := "pr-12|shop|running|c0ffee0000|0s|in|5h|t3.large|0.0912|http://12.example.com/"; len(lines) != 2 ||
		strings.Join(strings.Fields(lines[1]), "|") != want {
		t.Errorf("%s", out)
	}
	out, _, _ = captured(t, "list", "--json")
	var doc struct{ Result machineListResult }
	if err := json.Unmarshal([]byte(out), &doc); err != nil || len(doc.Result.Previews) != 1 ||
		doc.Result.Previews[0].PricePerHour != 0.0912 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestFar_DownRemovesTheMachineOfThePreviewAlone(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	mine := launched(cloud, "12", "")
	other := launched(cloud, "13", "")
	if out, errs, code := captured(t, "down", "--pr", "12", "--json"); code != exitDone ||
		!strings.Contains(out, mine) || !strings.Contains(errs, "removed 1 machine") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if left := strings.Join(cloud.Left(), " "); strings.Contains(left, mine) || !strings.Contains(left, other) {
		t.Errorf("left: %s", left)
	}
	if _, errs, code := captured(t, "down", "--pr", "12"); code != exitDone ||
		!strings.Contains(errs, "nothing to remove") {
		t.Errorf("again: exit %d: %s", code, errs)
	}
	if _, errs, code := captured(t, "down", "--all"); code != exitDone || !strings.Contains(errs, "removed 1 machine") {
		t.Errorf("all: exit %d: %s", code, errs)
	}
}

func TestFar_OpenPrintsTheLinkOfTheMachine(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	launched(cloud, "12", "http://12.example.com/")
	launched(cloud, "13", "")
	if out, _, code := captured(t, "open", "--pr", "12"); code != exitDone || out != "http://12.example.com/\n" {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, errs, code := captured(t, "open", "--pr", "13"); code != exitFailed ||
		!strings.Contains(errs, "run offshoot up") {
		t.Errorf("no link: exit %d: %s", code, errs)
	}
}

func TestFar_SaysThatThereIsNoMachine(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	for _, args := range [][]string{
		{"logs", "--pr", "9"},
		{"open", "--pr", "9"},
		{"psql", "--pr", "9"},
		{"exec", "--pr", "9", "web", "--", "true"},
	} {
		if _, errs, code := captured(t, args...); code != exitNoPreview || !strings.Contains(errs, "no such preview") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

// What is wrong with the files is found before there is a machine.
func TestFar_UpSpendsNothingOnAComposeFileThatIsWrong(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	if err := os.WriteFile("compose.yaml", []byte("services:\n  db: {image: postgres:15, privileged: true}\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := captured(t, "up", "--pr", "12"); code != exitUsage || !strings.Contains(errs, "privileged") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if calls := cloud.Calls(); len(calls) > 0 {
		t.Errorf("AWS was asked: %v", calls[0].Action)
	}
}

func TestFar_UpShowsTheConsoleOfAMachineThatDoesNotBoot(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1, Pending: 500 * time.Millisecond})
	ec2Checkout(t)
	cloud.FailBoot("Server.InternalError: it broke", "first line\nkernel panic\n")
	_, errs, code := capturedWith(t, os.LookupEnv, "up", "--pr", "12")
	for _, line := range []string{
		"fail machine of its own", "end of the machine's console:", "| kernel panic",
		"the machine ended: Server.InternalError: it broke",
	} {
		if !strings.Contains(errs, line) {
			t.Errorf("no %q in it", line)
		}
	}
	if code != exitFailed || t.Failed() {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, left := range cloud.Left() {
		if !strings.HasPrefix(left, "sg-") {
			t.Errorf("left: %s", left)
		}
	}
}

func TestFar_StopAndExtendChangeTheMachineAlone(t *testing.T) {
	cloud := onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	launched(cloud, "12", "http://12.example.com/")
	if _, errs, code := captured(t, "stop", "--pr", "12"); code != exitDone ||
		!strings.Contains(errs, "pr-12 is stopped") {
		t.Errorf("stop: exit %d: %s", code, errs)
	}
	if _, errs, code := captured(t, "extend", "--pr", "12", "--expires", "7d"); code != exitDone ||
		!strings.Contains(errs, "expires in 7d") {
		t.Errorf("extend: exit %d: %s", code, errs)
	}
	out, _, _ := captured(t, "list")
	if !strings.Contains(out, "stopped") || !strings.Contains(out, "in 7d") || strings.Contains(out, "12.example.com") {
		t.Errorf("list: %s", out)
	}
	if _, errs, code := captured(t, "logs", "--pr", "12"); code != exitFailed ||
		!strings.Contains(errs, "hint: run offshoot start") {
		t.Errorf("logs: exit %d: %s", code, errs)
	}
	if _, errs, code := captured(t, "start", "--pr", "13"); code != exitNoPreview {
		t.Errorf("start of none: exit %d: %s", code, errs)
	}
}
