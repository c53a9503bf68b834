package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/provision/ec2"
)

// The schema is made of the fields of the configuration, which cannot ask
// provision/ec2 what holds without them.
func TestEC2Options_DefaultToWhatTheSchemaTells(t *testing.T) {
	data, err := os.ReadFile("../../docs/offshoot.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type value struct {
		Default any `json:"default"`
	}
	var schema struct {
		Properties struct {
			EC2 struct {
				Properties map[string]value `json:"properties"`
			} `json:"ec2"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	var types []any
	for _, typ := range ec2.DefaultTypes() {
		types = append(types, typ)
	}
	want := map[string]any{
		"type": types, "image": ec2.Ubuntu, "disk": float64(ec2.DefaultDisk), "connect": ec2.ConnectPublic,
		"spot": false,
	}
	told := map[string]any{}
	for name, value := range schema.Properties.EC2.Properties {
		if value.Default != nil {
			told[name] = value.Default
		}
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}
