package config

import "testing"

func TestExpand_OnlyBracedNames(t *testing.T) {
	env := lookup("A", "1", "EMPTY", "", "B_2", "two", "WITHHELD", withheld)
	for text, want := range map[string]string{
		"":                               "",
		"plain $5 $A $$tag$$":            "plain $5 $A $$tag$$",
		"${A}${B_2}-${EMPTY:-}.":         "1two-.",
		"${NOPE:-a b}${EMPTY:-c}${A:-d}": "a bc1",
		"${WITHHELD}-${WITHHELD:-x}":     "-",
		"$${A} and $$${A}":               "${A} and $${A}",
		"a '${A}' \"${B_2}\"":            "a '1' \"two\"",
		"created > now() - $1;":          "created > now() - $1;",
	} {
		got, _, err := expand(text, env)
		if err != nil || got != want {
			t.Errorf("%q became %q, %v, want %q", text, got, err, want)
		}
	}
	for text, unset := range map[string]bool{
		"${NOPE}": true, "${A} ${NOPE} ${NADA}": true, "${": false, "${}": false,
		"${A": false, "${A:x}": false, "${1}": false, "${EMPTY}": true, "${1:-x}": false,
	} {
		got, gotUnset, err := expand(text, env)
		if err == nil || gotUnset != unset || got != "" {
			t.Errorf("%q: %q, %v, %v", text, got, gotUnset, err)
		}
	}
}

func TestExpand_TellsASecretThatIsMissingFromAVariableThatIs(t *testing.T) {
	env := lookup("EMPTY", "")
	for text, want := range map[string]string{
		"${NOPE}": "environment variable NOPE is not set", "${EMPTY}": "environment variable EMPTY is empty",
		"${EMPTY}${NOPE}": "environment variables EMPTY, NOPE are not set, or empty",
	} {
		if _, unset, err := expand(text, env); err == nil || !unset || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
