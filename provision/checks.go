package provision

import (
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/docker/api/types/versions"

	"github.com/offshoot-dev/offshoot/compose"
)

// Engines ask every five seconds while a service is in its start period, and
// then at its interval, 30 seconds unless the file says otherwise.
// https://docs.docker.com/reference/dockerfile/#healthcheck
const (
	startInterval   = time.Second
	defaultInterval = 30 * time.Second
)

// startIntervalSince is the engine's API that knows start intervals: 25.0.
const startIntervalSince = "1.44"

// hasten lets health checks ask every second until a service is healthy for
// the first time. Its start period, in which failures do not count, becomes at
// least the interval after which the first check would have come, so that none
// is judged earlier than the file wants. It changes the project.
func hasten(project *types.Project, apiVersion string) []compose.Change {
	if versions.LessThan(apiVersion, startIntervalSince) {
		return nil
	}
	changed := false
	for name, s := range project.Services {
		check := s.HealthCheck
		if check == nil || check.Disable || len(check.Test) == 0 || check.Test[0] == "NONE" {
			continue
		}
		own := *check
		own.StartInterval = shorter(check.StartInterval, startInterval)
		own.StartPeriod = longer(check.StartPeriod, durationOr(check.Interval, defaultInterval))
		s.HealthCheck = &own
		project.Services[name] = s
		changed = true
	}
	if !changed {
		return nil
	}
	return []compose.Change{{
		What: "health checks ask every second until they succeed",
		Why:  "the preview is ready sooner; from then on they are as the file says", Usual: true,
	}}
}

func shorter(own *types.Duration, limit time.Duration) *types.Duration {
	d := types.Duration(min(durationOr(own, limit), limit))
	return &d
}

func longer(own *types.Duration, limit time.Duration) *types.Duration {
	d := types.Duration(max(durationOr(own, 0), limit))
	return &d
}

// durationOr takes none and zero alike, as engines do.
func durationOr(d *types.Duration, missing time.Duration) time.Duration {
	if d == nil || *d == 0 {
		return missing
	}
	return time.Duration(*d)
}
