package sweep

import (
	"fmt"
	"slices"

	"github.com/offshoot-dev/offshoot/internal/document"
	"github.com/offshoot-dev/offshoot/provision"
)

// surplus marks images, the oldest first, until at most so many bytes are kept,
// and then the cache.
func surplus(repository string, images []provision.IdleImage, cache, removable, keep int64) []Held {
	total := cache
	for _, i := range images {
		total += i.Bytes
	}
	var held []Held
	for _, i := range images {
		h := Held{Kind: Image, ID: i.Name, Preview: i.Preview, Repository: repository, Created: i.Created}
		if total > keep {
			h.Surplus = fmt.Sprintf("of no preview; builds left %s, %s may stay", document.Size(total),
				document.Size(keep))
			total -= i.Bytes
		}
		held = append(held, h)
	}
	if total > keep && removable > 0 {
		held = append(held, Held{
			Kind: BuildCache, ID: cacheID, Repository: repository,
			Surplus: fmt.Sprintf("it has %s, %s may stay: what was used least recently goes", document.Size(cache),
				document.Size(max(0, keep-total+cache))),
		})
	}
	return held
}

// ofOthers leaves out the images of a repository, which go with its previews.
func ofOthers(repository string, images []provision.IdleImage) []provision.IdleImage {
	return slices.DeleteFunc(images, func(i provision.IdleImage) bool { return i.Repository == repository })
}

// called returns the image of that name, or ErrGone.
func called(name string, images []provision.IdleImage) (provision.IdleImage, error) {
	i := slices.IndexFunc(images, func(i provision.IdleImage) bool { return i.Name == name })
	if i < 0 {
		return provision.IdleImage{}, ErrGone
	}
	return images[i], nil
}

// room is how many bytes the builder's cache may have beside the images.
func room(images []provision.IdleImage, keep int64) int64 {
	for _, i := range images {
		keep -= i.Bytes
	}
	return max(0, keep)
}
