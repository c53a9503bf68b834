package wildcard

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

// memory is where certmagic keeps accounts at authorities for the time of a run.
type memory struct {
	mutex sync.Mutex
	files map[string][]byte
}

// Lock has nothing to do: one run at a time has these files.
func (m *memory) Lock(context.Context, string) error { return nil }

// Unlock has nothing to do.
func (m *memory) Unlock(context.Context, string) error { return nil }

// Store puts a file.
func (m *memory) Store(_ context.Context, key string, value []byte) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.files[key] = slices.Clone(value)
	return nil
}

// Load reads a file.
func (m *memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	value, ok := m.files[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(value), nil
}

// Delete removes a file, or all below a folder.
func (m *memory) Delete(_ context.Context, key string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for name := range m.files {
		if name == key || strings.HasPrefix(name, key+"/") {
			delete(m.files, name)
		}
	}
	return nil
}

// Exists tells whether there is a file or folder.
func (m *memory) Exists(_ context.Context, key string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for name := range m.files {
		if name == key || strings.HasPrefix(name, key+"/") {
			return true
		}
	}
	return false
}

// List names what is in a folder, or all below it.
func (m *memory) List(_ context.Context, path string, recursive bool) ([]string, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	path = strings.TrimSuffix(path, "/")
	var names []string
	for name := range m.files {
		rest, below := strings.CutPrefix(name, path+"/")
		if !below && path != "" {
			continue
		}
		if path == "" {
			rest = name
		}
		if !recursive {
			rest, _, _ = strings.Cut(rest, "/")
		}
		names = append(names, strings.TrimPrefix(path+"/"+rest, "/"))
	}
	if len(names) == 0 {
		return nil, fs.ErrNotExist
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Stat describes a file.
func (m *memory) Stat(_ context.Context, key string) (certmagic.KeyInfo, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	value, ok := m.files[key]
	if !ok {
		return certmagic.KeyInfo{}, fs.ErrNotExist
	}
	return certmagic.KeyInfo{Key: key, Modified: time.Now(), Size: int64(len(value)), IsTerminal: true}, nil
}
