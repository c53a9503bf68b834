package bench

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// Copied counts the rows in the COPY blocks of a script for psql.
func Copied(script io.Reader) (rows int64, err error) {
	lines := bufio.NewReader(script)
	for copying := false; ; {
		line, err := lines.ReadString('\n')
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return rows, err
		case line == "\\.\n":
			copying = false
		case copying:
			rows++
		default:
			copying = strings.HasPrefix(line, "COPY ") && strings.HasSuffix(strings.ToLower(line), " from stdin;\n")
		}
	}
}
