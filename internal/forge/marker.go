package forge

import (
	"fmt"
	"regexp"
	"strings"
)

var markerForm = regexp.MustCompile(`^[A-Za-z0-9 ._-]+$`)

// body is the comment as it is stored: the marker first, in an HTML comment,
// which no forge shows.
func (c Comment) body() (string, error) {
	if !markerForm.MatchString(c.Marker) || strings.Contains(c.Marker, "--") {
		return "", fmt.Errorf("comment: %q is not a marker", c.Marker)
	}
	return c.opening() + "\n" + c.Text, nil
}

func (c Comment) opening() string { return "<!-- offshoot " + c.Marker + " -->" }

// marks tells whether a stored text is of this comment. Only the very start
// counts: somebody may quote us.
func (c Comment) marks(body string) bool { return strings.HasPrefix(body, c.opening()) }
