package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/subset/mask"
)

// schema is a part of a JSON Schema, as far as the file needs it:
// https://json-schema.org/draft/2020-12
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	ID          string             `json:"$id,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Type        any                `json:"type,omitempty"` // a name, or several
	Enum        []string           `json:"enum,omitempty"`
	OneOf       []*schema          `json:"oneOf,omitempty"`
	Default     any                `json:"default,omitempty"`
	Examples    []any              `json:"examples,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	ByPattern   map[string]*schema `json:"patternProperties,omitempty"`
	Further     any                `json:"additionalProperties,omitempty"` // false, or what they are
	Keys        *schema            `json:"propertyNames,omitempty"`
	Least       int                `json:"minProperties,omitempty"`
	Most        int                `json:"maxProperties,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Shortest    int                `json:"minLength,omitempty"`
	Longest     int                `json:"maxLength,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Above       *float64           `json:"exclusiveMinimum,omitempty"`
	Maximum     *float64           `json:"maximum,omitempty"`
	Defs        map[string]*schema `json:"$defs,omitempty"`
}

func refer(name string) *schema { return &schema{Ref: "#/$defs/" + name} }

func anyOf(several ...*schema) *schema { return &schema{OneOf: several} }

// orVariable also takes a text with a variable in it, whose value only the
// decoder can check.
func orVariable(s *schema) *schema { return anyOf(s, refer("variable")) }

// words takes one of them.
func words(all ...string) *schema { return orVariable(&schema{Enum: all}) }

func bound[N int64 | float64](n N) *float64 { return new(float64(n)) }

func mapOf(s *schema) *schema { return &schema{Type: []string{"object", "null"}, Further: s} }

// named says what the keys of a mapping look like.
func (s *schema) named(keys *schema) *schema {
	s.Keys = keys
	return s
}

func objectOf(fields []field) *schema {
	object := &schema{Type: []string{"object", "null"}, Properties: map[string]*schema{}, Further: false}
	for _, f := range fields {
		object.Properties[f.name] = f.described()
		if f.required {
			object.Required = append(object.Required, f.name)
		}
	}
	return object
}

// described is what an editor shows at the key.
func (f field) described() *schema {
	shown := *f.schema
	shown.Description = plain(f.about)
	shown.Default = literal(f.absent)
	if f.absent != "" && shown.Default == nil {
		shown.Description += "; default: " + plain(f.absent)
	}
	if f.example != nil {
		shown.Examples = []any{f.example}
	}
	return &shown
}

var link = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// plain leaves the marks of Markdown out.
func plain(markdown string) string {
	return strings.ReplaceAll(link.ReplaceAllString(markdown, "$1"), "`", "")
}

// literal is the default that a text consists of; nil where it is prose.
func literal(markdown string) any {
	code, found := strings.CutPrefix(markdown, "`")
	code, ends := strings.CutSuffix(code, "`")
	if !found || !ends || strings.Contains(code, "`") {
		return nil
	}
	var value any
	if err := yaml.Load([]byte(code), &value); err != nil {
		return nil
	}
	return textKeys(value)
}

// textKeys has every key as text, as JSON wants it.
func textKeys(value any) any {
	given, ok := value.(map[any]any)
	if !ok {
		return value
	}
	made := map[string]any{}
	for key, value := range given {
		made[fmt.Sprint(key)] = value
	}
	return made
}

// Schema returns docs/offshoot.schema.json, which editors complete and check
// the file with.
func Schema() ([]byte, error) {
	file := objectOf(new(Config).fields())
	file.Dialect = "https://json-schema.org/draft/2020-12/schema"
	file.ID = "https://offshoot.dev/offshoot.schema.json"
	file.Title = Name
	file.Description = "What offshoot keeps of a production database, and what a preview boots. " +
		"Every key is optional. ${NAME} in a value is replaced by the environment variable."
	file.Defs = definitions()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(file)
	return b.Bytes(), err
}

// definitions are what refer names.
func definitions() map[string]*schema {
	rule := objectOf(maskFields(&mask.Rule{}))
	rule.Type = "object"
	return map[string]*schema{
		"mask":     anyOf(&schema{Type: "null"}, &schema{Type: "string"}, rule),
		"variable": {Type: "string", Pattern: `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`},
		"text":     {Type: []string{"string", "number", "boolean"}},
		"texts":    anyOf(refer("text"), &schema{Type: "array", Items: refer("text")}, &schema{Type: "null"}),
	}
}
