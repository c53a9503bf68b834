package ec2_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/provision/ec2"
)

const (
	examplePolicy   = "../../examples/aws/policy.json"
	exampleTemplate = "../../examples/aws/offshoot.cloudformation.yaml"
	exampleModule   = "../../examples/aws/offshoot.tf"
	begin, end      = "        # by make generate\n", "        # end\n"
)

// examplePolicies is the policy of the examples, for a repository that they ask for.
func examplePolicies(t *testing.T) string {
	t.Helper()
	o := ec2.Options{Repository: "REPOSITORY", Region: "eu-west-1", Spot: true, Connect: ec2.ConnectEndpoint}
	text, err := o.Policy()
	if err != nil {
		t.Fatal(err)
	}
	return text + "\n"
}

func readExample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What Terraform and CloudFormation make is what doctor prints.
func TestExample_HasThePolicyOfTheCode(t *testing.T) {
	policy := examplePolicies(t)
	template := readExample(t, exampleTemplate)
	before, rest, begins := strings.Cut(template, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatal("the template has no place for the policy")
	}
	substituted := strings.ReplaceAll(strings.TrimSpace(policy), `"REPOSITORY"`, `!Sub "${Repository}"`)
	template = before + begin + "        " + strings.ReplaceAll(substituted, "\n", "\n        ") + "\n" + end + after
	if *update {
		for name, text := range map[string]string{examplePolicy: policy, exampleTemplate: template} {
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range map[string]string{examplePolicy: policy, exampleTemplate: template} {
		if diff := cmp.Diff(want, readExample(t, name)); diff != "" {
			t.Errorf("%s is stale: run make generate: %s", name, diff)
		}
	}
}

// The template is read as CloudFormation does, but for its tags.
func TestExample_TemplateIsWellFormed(t *testing.T) {
	var template struct {
		Resources map[string]struct {
			Type       string         `yaml:"Type"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	text := strings.NewReplacer("!Sub ", "", "!GetAtt ", "", "!Ref ", "", "!If ", "", "!Equals ", "").
		Replace(readExample(t, exampleTemplate))
	if err := yaml.Unmarshal([]byte(text), &template); err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for _, r := range template.Resources {
		types[r.Type] = true
	}
	if !types["AWS::IAM::Role"] || !types["AWS::IAM::OIDCProvider"] {
		t.Errorf("it makes %v", types)
	}
	var policy struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(readExample(t, examplePolicy)), &policy); err != nil || len(policy.Statement) < 10 {
		t.Errorf("%d statements: %v", len(policy.Statement), err)
	}
}

// Both let in jobs of the repository alone, by the same subjects that the page names.
func TestExample_TrustsJobsOfOneRepository(t *testing.T) {
	for _, name := range []string{exampleModule, exampleTemplate} {
		text := readExample(t, name)
		for _, want := range []string{
			"token.actions.githubusercontent.com:aud", "token.actions.githubusercontent.com:sub", "sts.amazonaws.com",
			":pull_request", ":ref:refs/heads/", "sts:AssumeRoleWithWebIdentity",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if strings.Contains(text, "StringLike") {
			t.Errorf("%s trusts a pattern", name)
		}
	}
}
