package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// onEC2 lets the commands meet an account that is a stand-in.
func onEC2(t *testing.T, options standin.Options) *standin.Cloud {
	t.Helper()
	options.Now = time.Now
	cloud := standin.New(options)
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	key, err := host.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": standin.Region, "AWS_ACCESS_KEY_ID": "AKIDTEST",
		"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
		"AWS_CONFIG_FILE":       os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_PROFILE":               "", "AWS_SESSION_TOKEN": "", loginVariable: key.Private,
	} {
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
	return cloud
}

func TestDoctor_OfEC2NamesEachRightAndPrintsThePolicy(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1})
	out, _, code := capturedWith(t, os.LookupEnv, "doctor", "--provider", "ec2")
	for _, line := range []string{
		"ok    ssh key", "ok    aws", "ok    ec2:RunInstances",
		"ok    ec2:TerminateInstances", `"Version": "2012-10-17"`,
	} {
		if !strings.Contains(out, line) {
			t.Errorf("without %q: %s", line, out)
		}
	}
	// no compose file here
	if strings.Contains(out, "docker engine") || strings.Contains(out, "PRIVATE KEY") || code == exitDone {
		t.Errorf("exit %d: %s", code, out)
	}
}

// A key that one repository's jobs have is no key to another's machines.
func TestHostile_AKeyOfOneRepositoryWantsTheMachinesOfAnother(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1})
	ec2Checkout(t)
	out, _, _ := capturedWith(t, os.LookupEnv, "doctor")
	for _, line := range []string{
		`"aws:ResourceTag/dev.offshoot.repository": "github.com/acme/shop"`,
		`"aws:RequestTag/dev.offshoot.repository": "github.com/acme/shop"`,
	} {
		if !strings.Contains(out, line) {
			t.Errorf("without %s: %s", line, out)
		}
	}
}

func TestDoctor_OfEC2SaysWhichRightIsMissing(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1}).Deny("RunInstances")
	out, _, code := capturedWith(t, os.LookupEnv, "doctor", "--provider", "ec2", "--json")
	var doc struct {
		Result struct {
			Findings []finding
			Policy   map[string]any
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, f := range doc.Result.Findings {
		if want := f.Check != "ec2:RunInstances"; strings.HasPrefix(f.Check, "ec2:") && f.OK != want {
			t.Errorf("%+v", f)
		}
	}
	if code != exitCheckFailed || doc.Result.Policy["Version"] != "2012-10-17" {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestDoctor_OfEC2TriesTypesAndMarkets(t *testing.T) {
	onEC2(t, standin.Options{Seed: 1, NoSpotRole: true, NotInPlan: []string{"t3.large"}})
	write(t, config.Name, "provider: ec2\nec2: {spot: true, region: us-gov-west-1}\n")
	out, _, _ := capturedWith(t, os.LookupEnv, "doctor")
	out = strings.Join(strings.Fields(out), " ")
	for _, line := range []string{
		"ok ec2:RunInstances",
		"spot t3a.large the account lacks the role AWSServiceRoleForEC2Spot; once for the account: aws iam " +
			"create-service-linked-role",
		"t3.large the account's plan refuses the type", "t3a.large allowed",
		`"arn:aws-us-gov:iam::*:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"`,
	} {
		if !strings.Contains(out, line) {
			t.Errorf("without %q: %s", line, out)
		}
	}
}

func TestDoctor_OfAnUnknownProviderIsRefused(t *testing.T) {
	if _, errs, code := captured(t, "doctor", "--provider", "gcp"); code != exitUsage ||
		!strings.Contains(errs, `unknown provider "gcp"`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}
