package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

var variable = regexp.MustCompile(`\$?\$\{[^}]*\}?`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by the variable's value. $${ stands for ${ itself; a
// dollar without a brace means nothing. unset says that the error is only that
// a variable is missing.
func expand(text string, lookup func(string) (string, bool)) (value string, unset bool, err error) {
	var missing []string
	var broken error
	value = variable.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, "$$") {
			return match[1:]
		}
		name := strings.TrimSuffix(match[len("${"):], "}")
		if !variableName.MatchString(name) || !strings.HasSuffix(match, "}") {
			broken = hint.Usage(errors.New("${ without a variable's name and }"), "write $${ for a literal ${")
			return ""
		}
		found, ok := lookup(name)
		if !ok {
			missing = append(missing, name)
		}
		return found
	})
	switch {
	case broken != nil:
		return "", false, broken
	case missing != nil:
		err := fmt.Errorf("environment variable %s is not set", missing[0])
		if len(missing) > 1 {
			err = fmt.Errorf("environment variables %s are not set", strings.Join(missing, ", "))
		}
		return "", true, hint.Usage(err, "export %s, or write the value itself", strings.Join(missing, " "))
	}
	return value, false, nil
}
