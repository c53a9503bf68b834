//go:build !soak

package soak

// On is true in the long suite; this one is off.
const On = false
