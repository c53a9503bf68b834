package host

import (
	"fmt"
	"regexp"
	"strings"
)

// Quote writes arguments so that a POSIX shell reads them back as they are.
// SSH has no other way to say them: a server hands one line to a shell.
func Quote(args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// remoteLine is the line for the server's shell, and what has to go first on
// the command's standard input: its environment, which must not be seen in
// the arguments of a process.
func (c Command) remoteLine() (line, preamble string, err error) {
	for _, text := range append([]string{c.Dir}, c.Args...) {
		if strings.ContainsRune(text, 0) {
			return "", "", fmt.Errorf("%s: an argument with a zero byte", c.Args[0])
		}
	}
	var env strings.Builder
	for _, pair := range c.Env {
		name, value, _ := strings.Cut(pair, "=")
		if !variableName.MatchString(name) || strings.ContainsRune(value, 0) {
			return "", "", fmt.Errorf("%s: no variable of a shell: %q", c.Args[0], name)
		}
		env.WriteString("export " + name + "=" + Quote(value) + "\n")
	}
	preamble = env.String()
	// Nothing is inherited from the login. head takes no byte more than it is
	// told, so that the rest of the input is the command's own.
	// The first line of its messages is the process, which is the leader of a
	// group of its own.
	script := fmt.Sprintf(`echo $$ >&2; [ %d = 0 ] || eval "$(head -c %d)"; `, len(preamble), len(preamble))
	if c.Dir != "" {
		script += "cd -- " + Quote(c.Dir) + " || exit 126; "
	}
	script += `exec "$@"`
	return "exec env -i PATH=/usr/local/bin:/usr/bin:/bin /bin/sh -c " + Quote(script) + " sh " + Quote(c.Args...),
		preamble, nil
}
