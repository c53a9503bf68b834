package main

import (
	"errors"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/subset/mask"
)

// maskKey is the environment variable with the key of masked values.
const maskKey = "OFFSHOOT_MASK_KEY"

// shortestKey is the number of characters from which on guessing a key is
// hopeless, if they are random.
const shortestKey = 16

// masking is what becomes of the values of columns. The level of the command
// line wins over the configuration's.
func (a sourcing) masking(c *config.Config, level string) (mask.Masking, error) {
	m := mask.Masking{Rules: c.Mask, Schema: c.Schema, Scanned: c.Scanned, Privacy: c.Privacy}
	if level != "" {
		parsed, err := mask.ParsePrivacy(level)
		if err != nil {
			return m, err
		}
		m.Privacy = parsed
	}
	if m.Privacy == "" {
		m.Privacy = mask.PrivacyStrict
	}
	if c.Stranger {
		return m, errors.New("a fork's preview is made of an archive that the job names, never of a source")
	}
	key := a.getenv(maskKey)
	switch {
	case key == "":
		m.Key, m.Fresh = mask.FreshKey(), true
	case len(key) < shortestKey:
		return m, hint.Usage(errors.New(maskKey+" is short enough to be guessed"),
			"give at least %d random characters, such as openssl rand -hex 32 prints", shortestKey)
	default:
		a.secrets.Add(key)
		m.Key = mask.NewKey(key)
	}
	return m, nil
}
