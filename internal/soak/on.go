//go:build soak

package soak

// On is true in the long suite.
const On = true
