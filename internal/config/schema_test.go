package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

const (
	schemaPath = "../../docs/offshoot.schema.json"
	pagePath   = "../../docs/configuration.md"
)

var update = flag.Bool("update", false, "write the schema and the table of keys anew")

// What editors know and what the page tells are made of the decoder's fields.
func TestDocs_AreMadeOfTheFields(t *testing.T) {
	made, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	asMade(t, schemaPath, string(made))
	page, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keys, by make generate -->\n\n", "\n<!-- end of keys -->"
	before, rest, begins := strings.Cut(string(page), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s has no place for the keys", pagePath)
	}
	asMade(t, pagePath, before+begin+KeyTable()+end+after)
}

// asMade compares a file with what it should hold, or writes it.
func asMade(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		write(t, path, want)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s differs from the fields (-): run make generate: %s", path, diff)
	}
}

func TestFields_EachSaysWhatItMeansAndWhatHoldsWithoutIt(t *testing.T) {
	var look func(where string, fields []field)
	look = func(where string, fields []field) {
		for _, f := range fields {
			path := join(where, f.name)
			if f.about == "" || (f.absent == "" && f.fields == nil) {
				t.Errorf("%s: means %q, default %q", path, f.about, f.absent)
			}
			look(path, f.fields)
		}
	}
	look("", new(Config).fields())
}

// The defaults that are told are those that hold.
func TestFields_TellTheDefaultsOfTheCode(t *testing.T) {
	c := &Config{}
	var file strings.Builder
	var add func(indent string, fields []field)
	add = func(indent string, fields []field) {
		for _, f := range fields {
			switch {
			case literal(f.absent) != nil && f.entry == "":
				fmt.Fprintf(&file, "%s%s: %s\n", indent, f.name, strings.Trim(f.absent, "`"))
			case f.fields != nil && f.absent == "":
				fmt.Fprintf(&file, "%s%s:\n", indent, f.name)
				add(indent+"  ", f.fields)
			}
		}
	}
	add("", c.fields())
	if err := c.Parse(Name, []byte(file.String()), lookup()); err != nil {
		t.Fatalf("%v in\n%s", err, file.String())
	}
	keepTemplates := int64(provision.DefaultTemplateSpace)
	want := Config{
		Provider: ProviderDocker, Privacy: mask.PrivacyStrict,
		Subset: Subset{
			Curve: plan.DefaultCurve, Mode: plan.ModeCurve, Machine: SubsetMachine{Limit: DefaultLimit},
		},
		Preview: Preview{
			Expires: DefaultExpires, KeepTemplates: &keepTemplates, Port: gateway.DefaultPort, Rehearse: true,
		},
		Checks: Checks{Settings: checks.Settings{
			Pages: []string{"/"}, Most: checks.DefaultPages, Timeout: checks.DefaultTimeout,
		}},
		EC2: c.EC2, // cmd/offshoot compares these: nothing here imports provision/ec2
	}
	want.Preview.Wildcard.Update.Algorithm = c.Preview.Wildcard.Update.Algorithm
	if diff := cmp.Diff(want, *c); diff != "" {
		t.Error(diff)
	}
}

func TestSchema_JudgesFilesAsTheDecoderDoes(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		good bool
	}{
		{fullConfig, true},
		{"", true},
		{"subset: {tables: {a.b: all}}", true},
		{"preview: {expose: {web: }}", true},
		{"preview: {compose: compose.yaml}", true},
		{"nope: 1", false},
		{"provider: ec2", true},
		{"ec2: {region: eu-west-1, type: [t3.large], ssh: 203.0.113.0/24, spot: true, disk: 40}", true},
		{"ec2: {binary: bin/offshoot-linux-arm64, prices: {t3.large: 0.0912}}", true},
		{"ec2: {prices: {t3.large: cheap}}", false},
		{"ec2: {prices: {t3.large: -1}}", false},
		{"ec2: {spot: maybe}", false},
		{"ec2: {disk: 4}", false},
		{"provider: gcp", false},
		{"provider: \"${PROVIDER:-ec2}\"", true},
		{"preview: {port: \"${PORT}\"}\npull_requests: {graph: \"${GRAPH:-true}\", share: }", true},
		{"sweep: {keep_cache: 20 GB}", true},
		{"sweep: {keep_cache: 0}", true},
		{"sweep: {keep_cache: 20}", false},
		{"sweep: {keep_cache: -1GB}", false},
		{"mask: {a.b.c: email, '*.note': null, a.b.d: {as: json, at: {$.x: {as: shift, days: 3}}}}", true},
		{"mask: {a.b.c: {keep: domain}}", false},
		{"mask: {a.b.c: {as: noise, percent: 101}}", false},
		{"privacy: warn\nscanned: {a.b: [c, d]}", true},
		{"privacy: none", false},
		{"subset: {tables: {b: all}}", false},
		{"subset: {tables: {a.b: {row: 5}}}", false},
		{"subset: {tables: {a.b: {share: 1.5}}}", false},
		{"subset: {tables: {a.b: {rows: 0}}}", false},
		{"subset: {curve: {10: 3}}", false},
		{"preview: {database: db}", true},
		{"subset: {disk: memory}", true},
		{"subset: {disk: {reads: 3000, rate: 125MB}}", true},
		{"subset: {disk: fast}", false},
		{"subset: {disk: {reads: 0, rate: 125MB}}", false},
		{"subset: {disk: {reads: 3000, speed: 125MB}}", false},
		{"preview: {database: {service: db, name: app}}", true},
		{"preview: {database: {databases: {analytics: analytics.sql.zst}}}", true},
		{"preview: {database: {service: db, nam: app}}", false},
		{"preview: {database: [db]}", false},
		{"preview: {database: {name: " + strings.Repeat("n", 64) + "}}", false},
		{"preview: {database: {databases: [a]}}", false},
		{"preview: {port: 0}", false},
		{"preview: {port: 99999}", false},
		{"preview: {migrate: {command: [a]}}", false},
		{"preview: {migrate: {service: a, command: b}}", false},
		{"preview: {expose: web}", false},
		{"preview: {acme: {second: {directory: 'https://a/b', key_id: a, key: b}}}", true},
		{"preview: {acme: {second: 'https://a/b'}}", false},
		{"preview: {acme: {dns: route53, store: 's3://a/b'}}", true},
		{"preview: {acme: {dns: bind}}", false},
		{"preview: {acme: {dns: rfc2136, update: {server: ns, key_name: a, key: b, algorithm: c}}}", true},
	} {
		decoded := new(Config).Parse(Name, []byte(c.file), lookup("DB_URL", "x", "PORT", "1"))
		if (decoded == nil) != c.good {
			t.Errorf("%q: decoder says %v", c.file, decoded)
		}
		if err := schema.Validate(asJSON(t, c.file)); (err == nil) != c.good {
			t.Errorf("%q: schema says %v", c.file, err)
		}
	}
}

// The page shows every key, and what it shows is right.
func TestSchema_TheConfigurationPageShowsEveryKey(t *testing.T) {
	page, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## Everything\n\n```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no example under Everything")
	}
	c := &Config{}
	env := lookup("PRODUCTION_DATABASE_URL", "x", "STRIPE_TEST_KEY", "y", "ACME_KEY_ID", "a", "ACME_KEY", "b",
		"ZEROSSL_KEY_ID", "c", "ZEROSSL_KEY", "d", "TSIG_KEY", "e", "CHECKS_PASSWORD", "f", "CHECKS_TOKEN", "g")
	if err := c.Parse(Name, []byte(example), env); err != nil {
		t.Error(err)
	}
	var document yaml.Node
	if err := yaml.Load([]byte(example), &document); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "", c.fields(), document.Content[0])
}

func wantKeys(t *testing.T, where string, fields []field, mapping *yaml.Node) {
	t.Helper()
	given := map[string]*yaml.Node{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		given[mapping.Content[i].Value] = mapping.Content[i+1]
	}
	for _, f := range fields {
		switch value := given[f.name]; {
		case value == nil:
			t.Errorf("the page does not show %s", join(where, f.name))
		case f.fields != nil && value.Kind == yaml.MappingNode:
			wantKeys(t, join(where, f.name), f.fields, value)
		}
	}
}

// asJSON reads YAML the way an editor hands it to a schema: every key is text.
func asJSON(t *testing.T, file string) any {
	t.Helper()
	if file == "" {
		return nil
	}
	var value any
	if err := yaml.Load([]byte(file), &value); err != nil {
		t.Fatal(err)
	}
	return allTextKeys(value)
}

func allTextKeys(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for k := range v {
			v[k] = allTextKeys(v[k])
		}
	case map[any]any:
		out := map[string]any{}
		for k := range v {
			out[jsonText(k)] = allTextKeys(v[k])
		}
		return out
	case []any:
		for i := range v {
			v[i] = allTextKeys(v[i])
		}
	}
	return value
}

func jsonText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	data, _ := json.Marshal(value)
	return string(data)
}
