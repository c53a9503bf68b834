package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const beside = `project: shop
source:
  url: ${PRODUCTION_DATABASE_URL}
  via: ssh://tunnel@bastion.example.com
  auth: rds-iam
subset:
  on: ec2
  machine: &own {source: "ssm:/prod/shop", profile: of-its-own, subnets: subnet-1, limit: 90m}
  tables:
    public.orders: {where: "region = '${REGION}' AND note <> '$${kept}'", rows: 5000}
mask: {"*.email": email}
privacy: warn
preview: {environment: {STRIPE: "${STRIPE_KEY}"}, build: {NPM: "${NPM_TOKEN}"}}
ec2: {type: [t3.large], profile: of-previews, security_group: sg-1}
`

// A machine beside the source makes the same subset: it gets what that takes, with the
// variables replaced that it names, and none of the others.
func TestForMachine_SaysTheSameOfTheSubsetAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, Name), []byte(beside), 0o600); err != nil {
		t.Fatal(err)
	}
	given := func(name string) (string, bool) {
		value, ok := map[string]string{
			"REGION": "a ${b} 'c", "STRIPE_KEY": "hunter2", "NPM_TOKEN": "hunter3",
			"PRODUCTION_DATABASE_URL": "postgres://u:hunter4@h/d",
		}[name]
		return value, ok
	}
	here, err := Load(dir, given)
	if err != nil {
		t.Fatal(err)
	}
	text, err := here.ForMachine(given)
	if err != nil {
		t.Fatal(err)
	}
	there := Default("/")
	if err := there.Parse(Name, text, func(string) (string, bool) { return "", false }); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if diff := cmp.Diff(here.Subset, there.Subset); diff != "" {
		t.Error(diff)
	}
	if len(there.Mask) != 1 || there.Privacy != here.Privacy || there.Way != (Way{Auth: AuthRDS}) ||
		there.Source != "" {
		t.Errorf("%+v", there)
	}
	for _, word := range []string{"hunter", "bastion", "shop-", "sg-1", "PRODUCTION"} {
		if strings.Contains(string(text), word) {
			t.Errorf("%s in\n%s", word, text)
		}
	}
	want := EC2{
		Types: []string{"t3.large"}, Subnets: []string{"subnet-1"}, SecurityGroup: "sg-1", Profile: "of-its-own",
	}
	if diff := cmp.Diff(want, here.Machine()); diff != "" || here.Subset.Machine.Limit != 90*time.Minute {
		t.Error(diff)
	}
	_, err = here.ForMachine(func(string) (string, bool) { return "", false })
	if err == nil || !strings.Contains(err.Error(), "REGION") || strings.Contains(err.Error(), "STRIPE") {
		t.Errorf("a variable that is missing: %v", err)
	}
	if text, err := Default(dir).ForMachine(given); len(text) > 0 || err != nil {
		t.Errorf("without a file: %s, %v", text, err)
	}
}

func TestMachine_RefusesWhatIsNoPlace(t *testing.T) {
	for _, text := range []string{
		"subset: {on: gce}", "subset: {machine: {source: \"postgres://u:hunter2@h/d\"}}",
		"subset: {machine: {where: x}}",
	} {
		err := Default("/").Parse(Name, []byte(text), os.LookupEnv)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
