package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// swapped is there once every path was tried.
const swapped = "/swapped"

// swap replaces what is at the paths by links to /, again and again: it moves it away, removes what cannot be moved,
// and makes the link. What it may not do it tries all the same.
func swap(ctx context.Context, paths []string) error {
	for round := 0; ctx.Err() == nil; round++ {
		for _, path := range paths {
			_ = os.Rename(path, fmt.Sprintf("%s-%d", path, round%8))
			_ = os.RemoveAll(path)
			_ = os.Symlink("/", path)
		}
		if err := os.WriteFile(swapped, nil, 0o644); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}
