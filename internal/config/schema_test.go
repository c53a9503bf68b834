package config

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/subset/plan"
)

const schemaPath = "../../docs/offshoot.schema.json"

type schemaObject struct {
	Properties map[string]schemaObject `json:"properties"`
	Defs       map[string]schemaObject `json:"$defs"`
}

func readSchema(t *testing.T) schemaObject {
	t.Helper()
	data, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	var s schemaObject
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchema_HasTheKeysOfTheDecoder(t *testing.T) {
	schema := readSchema(t)
	compareKeys(t, "offshoot.yaml", new(Config).fields(), schema)
	compareKeys(t, "rule", ruleFields(&plan.Rule{}), schema.Defs["rule"])
}

func compareKeys(t *testing.T, where string, fields []field, schema schemaObject) {
	t.Helper()
	var names []string
	for _, f := range fields {
		if f.hidden {
			continue
		}
		names = append(names, f.name)
		if f.fields != nil {
			compareKeys(t, where+"."+f.name, f.fields, schema.Properties[f.name])
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
		t.Errorf("%s: keys of the decoder (-) and of the schema (+): %s", where, diff)
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
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## Everything\n\n```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no example under Everything")
	}
	c := &Config{}
	if err := c.Parse(Name, []byte(example), lookup("PRODUCTION_DATABASE_URL", "x", "STRIPE_TEST_KEY", "y", "ACME_KEY_ID", "a", "ACME_KEY", "b", "ZEROSSL_KEY_ID", "c", "ZEROSSL_KEY", "d", "TSIG_KEY", "e")); err != nil {
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
		case f.hidden:
		case value == nil:
			t.Errorf("the page does not show %s", join(where, f.name))
		case f.fields != nil:
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
	return textKeys(value)
}

func textKeys(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for k := range v {
			v[k] = textKeys(v[k])
		}
	case map[any]any:
		out := map[string]any{}
		for k := range v {
			out[jsonText(k)] = textKeys(v[k])
		}
		return out
	case []any:
		for i := range v {
			v[i] = textKeys(v[i])
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
