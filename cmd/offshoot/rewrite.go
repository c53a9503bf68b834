package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/whole"
)

// rewrite changes offshoot.yaml, or begins it, through a file beside it. It
// gives the path of the file.
func (a *app) rewrite(cfg *config.Config, edit func(text []byte) ([]byte, error)) (string, error) {
	path := cmp.Or(cfg.Path, filepath.Join(cfg.Dir, config.Name))
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("configuration: %w", err)
	}
	after, err := edit(before)
	if err != nil {
		return "", err
	}
	if err := new(config.Config).Parse(config.Name, after, a.lookup); err != nil {
		return "", fmt.Errorf("configuration: with what is new: %w", err)
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := whole.WriteBytes(path, mode, after); err != nil {
		return "", fmt.Errorf("configuration: %w", err)
	}
	return path, nil
}

// split returns the lines of a configuration.
func split(text []byte) []string {
	if strings.TrimSpace(string(text)) == "" {
		return nil
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n")
}

// dollars keeps a name from being taken for a variable.
func dollars(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// section is a key of the file and its value, which may be missing.
type section struct {
	at     int // line of the key; -1: it is not there
	indent int // of the key
	value  *yaml.Node
}

// insert puts entries at the end of a mapping or list of the file, which the
// keys on the way to it name. Every other line stays as it is.
func insert(lines, entries []string, keys ...string) ([]string, error) {
	if len(entries) == 0 {
		return lines, nil
	}
	if len(keys) == 0 {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		return append(lines, entries...), nil
	}
	s, err := find(lines, keys)
	if err != nil {
		return nil, err
	}
	last := len(keys) - 1
	if s.at < 0 {
		return insert(lines, append([]string{keys[last] + ":"}, indented(entries, 2)...), keys[:last]...)
	}
	if s.value.Style&yaml.FlowStyle != 0 && len(s.value.Content) > 0 {
		return nil,
			hint.Usage(fmt.Errorf("%s: %s is written in braces", config.Name, strings.Join(keys, ".")),
				"write one rule a line, so that more can be added")
	}
	indent, end := s.indent+2, s.end(lines)
	switch {
	case len(s.value.Content) > 0:
		indent = s.value.Column - 1
	case s.value.Value != "" || s.value.Kind != yaml.ScalarNode: // {}, [] or null
		lines[s.at], end = strings.Repeat(" ", s.indent)+keys[last]+":", s.at+1
	}
	return slices.Concat(lines[:end], indented(entries, indent), lines[end:]), nil
}

// replace puts entries in place of all that is in a mapping of the file.
func replace(lines, entries []string, key string) ([]string, error) {
	s, err := find(lines, []string{key})
	if err != nil {
		return nil, err
	}
	all := append([]string{key + ":"}, indented(entries, 2)...)
	if s.at < 0 {
		return insert(lines, all)
	}
	return slices.Concat(lines[:s.at], all, lines[s.end(lines):]), nil
}

// find returns the place of a key of the file and its value.
func find(lines, keys []string) (section, error) {
	var document yaml.Node
	missing := section{at: -1}
	text := strings.Join(lines, "\n")
	if strings.TrimSpace(config.WithoutComments(text)) == "" {
		return missing, nil
	}
	if err := yaml.Load([]byte(text), &document); err != nil {
		return missing, err
	}
	s := section{value: document.Content[0]}
	for i, key := range keys {
		if s.value.Style&yaml.FlowStyle != 0 && len(s.value.Content) > 0 {
			return missing, hint.Usage(
				fmt.Errorf("%s is written in braces", strings.Join(append([]string{config.Name}, keys[:i]...), ": ")),
				"write one key a line, so that more can be added")
		}
		if s = within(s.value, key); s.at < 0 {
			return missing, nil
		}
	}
	return s, nil
}

// within is the key of a mapping.
func within(mapping *yaml.Node, key string) section {
	for i := 0; mapping.Kind == yaml.MappingNode && i+1 < len(mapping.Content); i += 2 {
		if k := mapping.Content[i]; k.Value == key {
			return section{at: k.Line - 1, indent: k.Column - 1, value: mapping.Content[i+1]}
		}
	}
	return section{at: -1}
}

// end is the line after the last one of a key's value: comments and blank
// lines before the next key belong to that.
func (s section) end(lines []string) int {
	end := s.at + 1
	for i := s.at + 1; i < len(lines); i++ {
		text := strings.TrimLeft(lines[i], " \t")
		indent := len(lines[i]) - len(text)
		item := s.value.Kind == yaml.SequenceNode && indent == s.indent && strings.HasPrefix(text, "-")
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
			continue
		case indent <= s.indent && !item && text[0] != '}' && text[0] != ']':
			return end
		}
		end = i + 1
	}
	return end
}

func indented(entries []string, by int) []string {
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = strings.Repeat(" ", by) + e
	}
	return list
}
