package config

import (
	"errors"
	"regexp"

	"github.com/docker/go-units"
)

// sizes are stricter than go-units, which takes 20GiB for 20GB.
var sizes = regexp.MustCompile(`^(?i)[0-9]{1,6}(?:\.[0-9]{1,3})? ?[MGT]B?$`)

// ParseSize reads a number of bytes in powers of 1000, such as 20GB. A number
// alone is refused: it would be bytes, and hardly meant so.
func ParseSize(value string) (int64, error) {
	if value != "0" && !sizes.MatchString(value) {
		return 0, errors.New("write it like 20GB or 500MB")
	}
	return units.FromHumanSize(value)
}

// size reads a key whose absence means something else than 0.
func size(into **int64) value {
	known := &schema{
		Type: []string{"string", "integer"}, Minimum: bound(0.0), Maximum: bound(0.0),
		Pattern: `^(0|[0-9]{1,6}(\.[0-9]{1,3})? ?[MmGgTt][Bb]?)$`,
	}
	return value{schema: known, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a size")
		if !ok {
			return
		}
		parsed, err := ParseSize(value)
		if err != nil {
			d.problem(n, where+": not a size", err.Error())
			return
		}
		*into = &parsed
	}}
}
