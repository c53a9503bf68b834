package main

import (
	gocmp "cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offshoot-dev/offshoot/internal/ci"
	"github.com/offshoot-dev/offshoot/internal/facts"
	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/queryplan"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/score"
)

// results are what --json prints as the result, by the command.
func results() map[string][]any {
	return map[string][]any{
		"access":            {&provision.Access{}},
		"bake":              {bakeResult{}},
		"ci":                {ci.Outcome{}, map[string]string{}},
		"doctor":            {doctorResult{}},
		"down":              {downResult{}, machineDownResult{}},
		"explain":           {&queryplan.Answer{}},
		"init":              {initResult{}},
		"list":              {listResult{}, machineListResult{}},
		"mask scan":         {&subset.Scan{}},
		"record":            {&queries.Recording{}, &queries.Comparison{}},
		"rehearse":          {&rehearse.Report{}},
		"subset":            {&subset.Report{}, &plan.Plan{}},
		"subset facts":      {&facts.Facts{}},
		"subset references": {&subset.References{}},
		"subset score":      {&score.Score{}, &score.Stability{}},
		"sweep":             {sweepResult{}},
		"up":                {upResult{}, &provision.UpPlan{}},
		"version":           {versionResult{}},
	}
}

const (
	referencePage   = "../../docs/reference.md"
	documentsSchema = "../../docs/documents.schema.json"
)

func TestReference_IsMadeOfTheCommands(t *testing.T) {
	cobra.EnableCommandSorting = false // as main has it
	t.Cleanup(func() { cobra.EnableCommandSorting = true })
	asGenerated(t, referencePage, reference())
}

func TestReference_HasASchemaOfEachDocument(t *testing.T) {
	asGenerated(t, documentsSchema, documents(t))
	known := results()
	each((&app{}).root(), func(c *cobra.Command) {
		name := strings.TrimPrefix(c.CommandPath(), "offshoot ")
		if c.Flags().Lookup("json") != nil && known[name] == nil {
			t.Errorf("%s has --json, and its document no schema", name)
		}
	})
}

// What the program prints is as the schema says.
func TestReference_SchemaHoldsForWhatIsPrinted(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile(documentsSchema)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/plan_shop.json")
	if err != nil {
		t.Fatal(err)
	}
	version := offshoot(t, t.TempDir(), 0, "version", "--json").stdout.Bytes()
	empty := offshoot(t, t.TempDir(), exitUsage, "up", "--archive", "no such", "--json").stdout.Bytes()
	for name, text := range map[string][]byte{"version": version, "the plan of up": golden, "an error": empty} {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, wrong := range []string{
		`{"version": 2, "command": "up", "exit": 0}`, `{"version": 1, "exit": 0}`,
		`{"version": 1, "command": "version", "exit": 0, "result": {"version": 7}}`,
	} {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(wrong))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(document) == nil {
			t.Errorf("%s passes", wrong)
		}
	}
}

// asGenerated compares a file with what make generate makes of it, or writes it.
func asGenerated(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		write(t, path, want)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is stale: run make generate: %s", filepath.Base(path), diff)
	}
}

// each calls do for each command that is listed, parents first.
func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			each(below, do)
		}
	}
}

// reference is the page of all commands, exit codes and documents.
func reference() string {
	root := (&app{}).root()
	var b strings.Builder
	b.WriteString("# Reference\n\nMade by `make generate` from the program itself. The keys of `offshoot.yaml` are " +
		"in\n[Configuration](configuration.md), the words of errors in [Messages](messages.md).\n\n## Commands\n\n")
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "%s\n\n", group.Title)
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.IsAvailableCommand() {
				anchor := strings.ReplaceAll(c.CommandPath(), " ", "-")
				fmt.Fprintf(&b, "- [`%s`](#%s): %s\n", c.CommandPath(), anchor, c.Short)
			}
		}
		b.WriteString("\n")
	}
	each(root, func(c *cobra.Command) {
		if c.HasParent() && c.Name() != "help" {
			describe(&b, c)
		}
	})
	_, codes, _ := strings.Cut(exitCodes, "\n")
	b.WriteString("## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for line := range strings.Lines(codes) {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(&b, "| %s | %s |\n", code, meaning)
	}
	b.WriteString("\n`exec` and `psql` end with the code of what they ran.\n\n" +
		"## Documents\n\n`--json` prints one document on stdout, also where the command fails. Its version " +
		"grows when a field\nchanges its meaning or goes; fields may be added without. " +
		"[documents.schema.json](documents.schema.json)\n" +
		"describes them (JSON Schema, 2020-12).\n\n" +
		"| field | |\n|---|---|\n| `version` | 1 |\n| `command` | such as `up` |\n| `exit` | the exit code |\n" +
		"| `result` | what the command found or did |\n" +
		"| `error`, `hints` | what went wrong, and what to do about it |\n")
	return b.String()
}

func describe(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "### %s\n\n", c.CommandPath())
	about := c.Long
	if about == "" {
		about = strings.ToUpper(c.Short[:1]) + c.Short[1:] + "."
	}
	fmt.Fprintf(b, "```text\n%s\n```\n\n", strings.TrimSpace(about))
	if c.Runnable() {
		fmt.Fprintf(b, "```text\n%s\n```\n\n", c.UseLine())
	}
	if c.Example != "" {
		b.WriteString("```sh\n")
		for line := range strings.Lines(c.Example) {
			b.WriteString(strings.TrimPrefix(line, "  "))
		}
		b.WriteString("\n```\n\n")
	}
	c.InitDefaultHelpFlag()
	var flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" {
			usage += " (default " + f.DefValue + ")"
		}
		flags = append(flags, fmt.Sprintf("| `%s` | %s |\n", name, strings.ReplaceAll(usage, "|", "\\|")))
	})
	if len(flags) > 0 {
		b.WriteString("| flag | |\n|---|---|\n" + strings.Join(flags, "") + "\n")
	}
}

// documents is the schema of all that --json prints.
func documents(t *testing.T) string {
	t.Helper()
	s := &schemas{defs: map[string]any{}, names: map[reflect.Type]string{}}
	var branches []any
	each((&app{}).root(), func(c *cobra.Command) {
		name := strings.TrimPrefix(c.CommandPath(), "offshoot ")
		var alternatives []any
		for _, result := range results()[name] {
			alternatives = append(alternatives, s.of(reflect.TypeOf(result)))
		}
		if len(alternatives) > 0 {
			branches = append(branches, map[string]any{
				"if":   map[string]any{"properties": map[string]any{"command": map[string]any{"const": c.Name()}}},
				"then": map[string]any{"properties": map[string]any{"result": map[string]any{"anyOf": alternatives}}},
			})
		}
	})
	envelope := s.object(reflect.TypeFor[ui.Document]())
	envelope["properties"].(map[string]any)["version"] = map[string]any{"const": ui.DocumentVersion}
	envelope["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	envelope["title"] = "What offshoot --json prints"
	envelope["allOf"], envelope["$defs"] = branches, s.defs
	text, err := json.MarshalIndent(envelope, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// schemas describes types as encoding/json writes them.
type schemas struct {
	defs  map[string]any
	names map[reflect.Type]string
}

func (s *schemas) of(t reflect.Type) map[string]any {
	if t.Kind() == reflect.Pointer {
		return s.of(t.Elem())
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case t.Kind() != reflect.Struct && t.Implements(reflect.TypeFor[json.Marshaler]()),
		t.Kind() == reflect.Interface:
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.named(t)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": []string{"string", "null"}}
		}
		return map[string]any{"type": []string{"array", "null"}, "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": s.of(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	}
	return map[string]any{"type": "integer"}
}

// named is a reference to the definition of a struct, which may hold itself.
func (s *schemas) named(t reflect.Type) map[string]any {
	name, known := s.names[t]
	if !known {
		name = strings.ReplaceAll(t.String(), "main.", "")
		if s.defs[name] != nil {
			name = strings.NewReplacer("/", ".").Replace(t.PkgPath()) + "." + t.Name()
		}
		s.names[t] = name
		s.defs[name] = true // it is being made
		s.defs[name] = s.object(t)
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (s *schemas) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	required := []string{}
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "-" || len(f.Index) > 1 && properties[gocmp.Or(tag, f.Name)] != nil {
			continue
		}
		if f.Anonymous && tag == "" {
			continue // its fields are visible themselves
		}
		properties[gocmp.Or(tag, f.Name)] = nullable(f.Type, s.of(f.Type))
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") && len(f.Index) == 1 {
			required = append(required, gocmp.Or(tag, f.Name))
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func nullable(t reflect.Type, schema map[string]any) map[string]any {
	if t.Kind() == reflect.Pointer {
		return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
	}
	return schema
}
