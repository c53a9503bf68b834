package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/provision"
)

// Store is the place of what builds left on an engine: images that offshoot
// built and that are of no preview any more, and the cache of the engine's
// builder. Nothing goes before they are too big together. All who build on the
// engine share the cache, so that somebody has to have asked for it.
type Store struct {
	Engine provision.Engine
	Keep   int64 // bytes
}

const cacheID = "of the engine"

// Held lists the images of other repositories, for those of this one go with
// their previews, and the cache where it is too big.
func (s Store) Held(ctx context.Context, repository string) ([]Held, error) {
	images, err := s.images(ctx, repository)
	if err != nil {
		return nil, err
	}
	cache, err := s.Engine.Docker.BuildCache(ctx)
	if err != nil {
		return nil, err
	}
	return surplus(repository, images, cache.Bytes, cache.Removable, s.Keep), nil
}

func (s Store) images(ctx context.Context, repository string) ([]provision.IdleImage, error) {
	all, err := s.Engine.IdleImages(ctx)
	return ofOthers(repository, all), err
}

// Again measures once more: another sweep may have removed enough.
func (s Store) Again(ctx context.Context, h Held) (Held, error) {
	held, err := s.Held(ctx, h.Repository)
	if err != nil {
		return h, err
	}
	return among(held, h)
}

// Remove removes an image, or as much of the cache as is too much now.
func (s Store) Remove(ctx context.Context, h Held) error {
	images, err := s.images(ctx, h.Repository)
	if err != nil {
		return err
	}
	if h.Kind == BuildCache {
		_, err = s.Engine.Docker.ThinBuildCache(ctx, room(images, s.Keep))
		return err
	}
	image, err := called(h.ID, images)
	if err != nil {
		return err
	}
	return busyIfLocked(s.Engine.RemoveIdleImage(ctx, image))
}

func busyIfLocked(err error) error {
	var locked *provision.LockedError
	if errors.As(err, &locked) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
