package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var testName = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")

// Each promise names the test that holds it, and each test of what an attacker
// wants stands beside a promise.
func TestSecurity_NamesTheTestsThatHoldItsPromises(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root(t), "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, match := range testName.FindAllStringSubmatch(string(page), -1) {
		named = append(named, match[1])
	}
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	var all []string
	for _, s := range tree(t) {
		if !s.test() {
			continue
		}
		for _, match := range declared.FindAllStringSubmatch(s.text, -1) {
			all = append(all, match[1])
		}
	}
	for _, name := range named {
		if !slices.Contains(all, name) {
			t.Errorf("SECURITY.md names %s, which is no test", name)
		}
	}
	for _, name := range all {
		if strings.HasPrefix(name, "TestHostile_") && !slices.Contains(named, name) {
			t.Errorf("SECURITY.md does not name %s", name)
		}
	}
	if len(named) < 40 {
		t.Errorf("SECURITY.md names %d tests", len(named))
	}
}
