package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// folders has the actions of tests, one folder for each, in place of what would
// be fetched from GitHub: whatever reference a workflow names.
type folders struct{ dir string }

// Fetch says which folder an action is in.
func (f *folders) Fetch(_ context.Context, action, _, _, _ string) (string, error) {
	name := filepath.Base(action) // actions/checkout, offshoot-dev/offshoot
	if _, err := os.Stat(filepath.Join(f.dir, name, "action.yml")); err != nil {
		return "", fmt.Errorf("no action %s here: %w", action, err)
	}
	return name, nil
}

// GetTarArchive packs its action.yml, which is all that a composite action needs.
func (f *folders) GetTarArchive(_ context.Context, _, name, prefix string) (io.ReadCloser, error) {
	if prefix != "" && prefix != "." && prefix != "action.yml" {
		return nil, os.ErrNotExist
	}
	text, err := os.ReadFile(filepath.Join(f.dir, name, "action.yml"))
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	if err := w.WriteHeader(&tar.Header{Name: "action.yml", Mode: 0o644, Size: int64(len(text))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	return io.NopCloser(&packed), w.Close()
}
