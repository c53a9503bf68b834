package config

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var days = regexp.MustCompile(`^([0-9]+)d(.*)$`)

// ParseDuration is time.ParseDuration with days in front; never is 0.
func ParseDuration(value string) (time.Duration, error) {
	if value == "never" {
		return 0, nil
	}
	var whole time.Duration
	if m := days.FindStringSubmatch(value); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 32)
		if err != nil || n > 36500 {
			return 0, fmt.Errorf("%q is too long", value)
		}
		whole, value = time.Duration(n)*24*time.Hour, cmp.Or(m[2], "0s")
	}
	rest, err := time.ParseDuration(value)
	if err != nil || rest < 0 || whole+rest <= 0 {
		return 0, fmt.Errorf("%q is not a duration", value)
	}
	return whole + rest, nil
}

func duration(into *time.Duration) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		value, ok := d.scalar(n, where, "a duration")
		if !ok {
			return
		}
		parsed, err := ParseDuration(value)
		if err != nil {
			d.problem(n, where+": not a duration", "write it like 72h, 3d or never")
			return
		}
		*into = parsed
	}}
}
