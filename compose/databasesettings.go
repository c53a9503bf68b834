package compose

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// disposable are settings for a database that can be made again at any time.
var disposable = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}

// plainImages start "postgres" from their entrypoint when no command is given,
// without options that a command of ours would replace.
var plainImages = []string{"postgres", "postgis/postgis", "pgvector/pgvector", "timescale/timescaledb"}

// databaseSettings turns durability off where the command allows it: when it is
// the image's default, or "postgres" with a list of -c settings. What the file
// sets itself stays.
func databaseSettings(e *edit) {
	s, ok := e.Services[e.Database]
	if e.Database == "" || !ok || s.Entrypoint != nil {
		return
	}
	command := slices.Clone(s.Command)
	if command == nil {
		name, _ := splitImage(s.Image)
		if s.Build != nil || !slices.Contains(plainImages, name) {
			return
		}
		command = types.ShellCommand{"postgres"}
	}
	set, plain := settings(command)
	if !plain {
		return
	}
	var added []string
	for _, setting := range disposable {
		name, _, _ := strings.Cut(setting, "=")
		if !set[name] {
			command = append(command, "-c", setting)
			added = append(added, setting)
		}
	}
	if len(added) == 0 {
		return
	}
	s.Command = command
	e.Services[e.Database] = s
	e.usual(s.Name, strings.Join(added, ", "), "a preview's database is disposable, and faster so")
}

// settings reads the command "postgres -c name=value …", also with a port, with
// or without its first word, which the official entrypoint adds.
func settings(command []string) (set map[string]bool, plain bool) {
	set = map[string]bool{}
	if len(command) > 0 && command[0] == "postgres" {
		command = command[1:]
	}
	for len(command) > 0 {
		word := command[0]
		command = command[1:]
		switch {
		case word == "-c" && len(command) > 0:
			word, command = command[0], command[1:]
		case word == "-p" && len(command) > 0:
			word, command = "port="+command[0], command[1:]
		case strings.HasPrefix(word, "--"):
			word = word[2:]
		case strings.HasPrefix(word, "-c"):
			word = word[2:]
		default:
			return nil, false
		}
		name, _, ok := strings.Cut(word, "=")
		if !ok {
			return nil, false
		}
		set[strings.ReplaceAll(name, "-", "_")] = true
	}
	return set, true
}
