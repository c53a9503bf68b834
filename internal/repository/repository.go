// Package repository tells one repository from another.
//
// A name can change, and somebody else can take it then; the number that the
// forge gave it cannot. Where no forge was asked the name has to do.
package repository

import (
	"net/url"
	"strconv"
	"strings"
)

// ID is a forge's host and its number of a repository, as one word to put into
// a label.
func ID(api string, number int64) string {
	host := api
	if parsed, err := url.Parse(api); err == nil && parsed.Host != "" {
		host = parsed.Host
	}
	return strings.ToLower(host) + "#" + strconv.FormatInt(number, 10)
}

// Same tells whether two repositories are one: by their numbers where one forge
// gave both, else by their names.
func Same(name, id, otherName, otherID string) bool {
	host, _, known := strings.Cut(id, "#")
	otherHost, _, otherKnown := strings.Cut(otherID, "#")
	if known && otherKnown && host == otherHost {
		return id == otherID
	}
	return name == otherName
}

// Short returns as much of a commit as tells it from others, for people.
func Short(commit string) string { return commit[:min(len(commit), 10)] }
