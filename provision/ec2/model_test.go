package ec2_test

import (
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// model is AWS's own description of EC2's API, as botocore ships it.
type model struct {
	Operations map[string]struct{ Input, Output struct{ Shape string } }
	Shapes     map[string]shape
}

type shape struct {
	Type    string
	Enum    []string
	Members map[string]member
	Member  member // of a list
}

type member struct {
	Shape        string
	LocationName string
	QueryName    string
}

func readModel(t *testing.T) model {
	t.Helper()
	var m model
	for _, pattern := range []string{
		"/usr/lib/python3/dist-packages/botocore/data/ec2/2016-11-15/service-2.json*",
		"/usr/lib/python3*/site-packages/botocore/data/ec2/2016-11-15/service-2.json*",
		filepath.Join(os.Getenv("HOME"),
			".pyenv/versions/*/lib/python3*/site-packages/botocore/data/ec2/2016-11-15/service-2.json*"),
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			continue
		}
		file, err := os.Open(found[0])
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		var content io.Reader = file
		if strings.HasSuffix(found[0], ".gz") {
			if content, err = gzip.NewReader(file); err != nil {
				t.Fatal(err)
			}
		}
		if err := json.NewDecoder(content).Decode(&m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	t.Skip("no AWS model of EC2 here: apt-get install python3-botocore")
	return m
}

func TestStandIn_SpeaksAsAWSDescribesIt(t *testing.T) {
	m := readModel(t)
	a := newAccount(t, usual(1))
	if err := life(t.Context(), a.provider); err != nil {
		t.Fatal(err)
	}
	a.cloud.FailBoot("reason", "console")
	_, _ = a.provider.Ensure(t.Context(), spec("shop-pr-1"))
	a.cloud.FailBoot("", "")
	a.ensure("shop-pr-2")
	loose := map[string]string{machine.LabelPreview: "shop-pr-9"}
	a.cloud.LeaveVolume(a.clock.Now(), loose)
	a.cloud.LeaveInterface(loose)
	a.later(time.Minute)
	left, err := a.provider.Leftovers(t.Context(), machine.Filter{}, 0)
	if err != nil || len(left) != 2 {
		t.Fatalf("%v, %v", left, err)
	}
	for _, l := range left {
		if err := a.provider.Remove(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.provider.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := spec("shop-pr-2")
	later.Expires = later.Expires.Add(time.Hour)
	if _, err := a.provider.Ensure(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	b := newAccount(t, usual(2), withImage(standin.AMI))
	b.ensure("shop-pr-3")
	b.bake("shop-bake-1")
	b.cloud.FailBake("it broke")
	if _, err := b.provider.Bake(t.Context(), b.ensure("shop-bake-2")); err == nil {
		t.Error("an image that failed is none")
	}
	seen := map[string]bool{}
	for _, call := range slices.Concat(a.cloud.Calls(), b.cloud.Calls()) {
		operation, known := m.Operations[call.Action]
		if !known {
			t.Errorf("%s is no operation", call.Action)
			continue
		}
		for key := range call.Form {
			if key == "Action" || key == "Version" {
				continue
			}
			if err := m.parameter(operation.Input.Shape, strings.Split(key, ".")); err != nil {
				t.Errorf("%s: %s: %v", call.Action, key, err)
			}
		}
		if call.Status == 200 {
			seen[call.Action] = true
			m.checkAnswer(t, call, operation.Output.Shape)
		}
	}
	if len(seen) < 23 {
		t.Errorf("only %d operations were answered", len(seen))
	}
}

// parameter follows one name of the Query protocol through the input.
func (m model) parameter(name string, path []string) error {
	s := m.Shapes[name]
	if len(path) == 0 {
		if s.Type == "structure" || s.Type == "list" {
			return fmt.Errorf("ends at a %s", s.Type)
		}
		return nil
	}
	if s.Type == "list" {
		if _, err := strconv.Atoi(path[0]); err != nil {
			return fmt.Errorf("%s is no index", path[0])
		}
		return m.parameter(s.Member.Shape, path[1:])
	}
	for key, inner := range s.Members {
		if inner.parameterName(key) == path[0] {
			return m.parameter(inner.Shape, path[1:])
		}
	}
	return fmt.Errorf("%s has no %s", name, path[0])
}

func (m member) parameterName(key string) string {
	name := key
	switch {
	case m.QueryName != "":
		return m.QueryName
	case m.LocationName != "":
		name = m.LocationName
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// node is any XML.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

func (m model) checkAnswer(t *testing.T, call standin.Call, output string) {
	t.Helper()
	var root node
	if err := xml.Unmarshal([]byte(call.Body), &root); err != nil {
		t.Fatalf("%s: %v", call.Action, err)
	}
	root.Nodes = slices.DeleteFunc(root.Nodes, func(n node) bool { return n.XMLName.Local == "requestId" })
	if output == "" { // nothing but whether it worked
		root.Nodes = slices.DeleteFunc(root.Nodes, func(n node) bool { return n.XMLName.Local == "return" })
		if len(root.Nodes) > 0 {
			t.Errorf("%s answers %v", call.Action, root.Nodes[0].XMLName.Local)
		}
		return
	}
	for _, problem := range m.answer(output, root) {
		t.Errorf("%s: %s", call.Action, problem)
	}
}

func (m model) answer(name string, n node) (problems []string) {
	s := m.Shapes[name]
	switch s.Type {
	case "list":
		for _, item := range n.Nodes {
			if item.XMLName.Local != s.Member.LocationName {
				problems = append(problems, fmt.Sprintf("%s has an element %s", name, item.XMLName.Local))
			}
			problems = append(problems, m.answer(s.Member.Shape, item)...)
		}
	case "structure":
		for _, inner := range n.Nodes {
			found := false
			for key, member := range s.Members {
				if inner.XMLName.Local == member.LocationName ||
					member.LocationName == "" && inner.XMLName.Local == key {
					found = true
					problems = append(problems, m.answer(member.Shape, inner)...)
				}
			}
			if !found && inner.XMLName.Local != "return" {
				problems = append(problems, fmt.Sprintf("%s has no element %s", name, inner.XMLName.Local))
			}
		}
	default:
		if err := s.value(n.Text); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", n.XMLName.Local, err))
		}
	}
	return problems
}

func (s shape) value(text string) (err error) {
	switch s.Type {
	case "integer", "long":
		_, err = strconv.ParseInt(text, 10, 64)
	case "boolean":
		_, err = strconv.ParseBool(text)
	case "timestamp":
		_, err = time.Parse(time.RFC3339, text)
	case "string":
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) && !strings.HasPrefix(text, "sg-") {
			err = fmt.Errorf("%q is none of its values", text)
		}
	}
	return err
}
