package config

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

var located = regexp.MustCompile(`^offshoot\.yaml(:[0-9]+)?: `)

// FuzzConfig: whatever the file holds, reading it ends, and every error is a
// usage error that says where it is and does not quote the environment.
func FuzzConfig_ErrorsSayWhere(f *testing.F) {
	for _, seed := range []string{
		fullConfig, "", "a", "- a", "? a\n: b", "a: &x {b: *x}", "source: *nope", "subset: &s {tables: {a.b: *s}}",
		"preview: {port: ${PORT}, environment: {A: ${PORT}}}", "subset:\n\tcurve: 1", "<<: {source: x}",
		"source: !!binary aGk=",
		"preview: {migrate: {service: [a]}}", "subset: {curve: {10: 3, 10: 4}}", "preview: {expires: 99999999999d}",
		"\xff\xfe",
		"subset: {curve: {9223372036854775807: 1, 1: 1}}", "source: ${", "a: b\n--- \nc: d", "%YAML 9.9\n---\na: b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		err := new(Config).Parse(Name, []byte(file), lookup("PORT", "hunter2hunter2", "DB_URL", "hunter2hunter2"))
		if err == nil {
			return
		}
		if !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%q: %v is no usage error", file, err)
		}
		if !located.MatchString(err.Error()) {
			t.Errorf("%q: %v does not say where", file, err)
		}
		if strings.Contains(err.Error()+strings.Join(hint.Of(err), ""), "hunter2hunter2") {
			t.Errorf("%q: a value of the environment is in %v", file, err)
		}
	})
}
