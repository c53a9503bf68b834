package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

var variable = regexp.MustCompile(`\$?\$\{[^}]*\}?`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// withheld is the value of a variable that a file may name and does not get.
const withheld = "\x00"

// expand replaces ${NAME} by the variable's value, and ${NAME:-text} by the text
// where it has none. $${ stands for ${ itself; a dollar without a brace means
// nothing. An empty variable is one that is missing: a secret that somebody
// forgot arrives so in CI. unset says that the error is only that.
func expand(text string, lookup func(string) (string, bool)) (value string, unset bool, err error) {
	var missing []string
	set := false // one of them, to nothing
	var broken error
	value = variable.ReplaceAllStringFunc(text, func(match string) string {
		if strings.HasPrefix(match, "$$") {
			return match[1:]
		}
		name, otherwise, defaults := strings.Cut(strings.TrimSuffix(match[len("${"):], "}"), ":-")
		if !variableName.MatchString(name) || !strings.HasSuffix(match, "}") {
			broken = hint.Usage(errors.New("${ without a variable's name and }"), "write $${ for a literal ${")
			return ""
		}
		found, ok := lookup(name)
		switch {
		case found == withheld:
			return ""
		case found == "" && !defaults:
			missing, set = append(missing, name), set || ok
		case found == "":
			return otherwise
		}
		return found
	})
	switch {
	case broken != nil:
		return "", false, broken
	case missing != nil:
		return "", true, absent(missing, set)
	}
	return value, false, nil
}

func absent(names []string, set bool) error {
	what, are := "environment variable "+names[0], "is"
	if len(names) > 1 {
		what, are = "environment variables "+strings.Join(names, ", "), "are"
	}
	switch {
	case !set:
		return hint.Usage(fmt.Errorf("%s %s not set", what, are), "export %s, or write the value itself",
			strings.Join(names, " "))
	case len(names) > 1:
		return hint.Usage(fmt.Errorf("%s %s not set, or empty", what, are), "export %s", strings.Join(names, " "))
	}
	return hint.Usage(fmt.Errorf("%s is empty", what), "a secret that the job lacks arrives so; where nothing is "+
		"meant, write ${%s:-}", names[0])
}
