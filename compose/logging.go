package compose

import (
	"cmp"
	"math"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
)

// maxLogBuffer bounds what the engine keeps in its own memory of a container's
// log: it is what the engine does where nothing is said, some times.
const maxLogBuffer = 8 << 20

// ownLogs is how many times the usual size a file's own options may ask for.
const ownLogs = 10

// logBytes is the most that a log takes by a file's own options.
// https://docs.docker.com/engine/logging/drivers/local/#options
func logBytes(l types.LoggingConfig) int64 {
	size, err := units.RAMInBytes(l.Options["max-size"])
	if err != nil || size <= 0 {
		return math.MaxInt64
	}
	usual := "1"
	if l.Driver == "local" {
		usual = "5"
	}
	files, err := strconv.ParseInt(cmp.Or(l.Options["max-file"], usual), 10, 32)
	if err != nil || files < 1 || size > math.MaxInt64/files {
		return math.MaxInt64
	}
	return size * files
}

// logging bounds the log of every container, and keeps it where it can be read
// back.
func logging(e *edit) {
	size := e.LogSize
	if size <= 0 {
		size = 10 << 20
	}
	limit := strconv.FormatInt(size, 10)
	if size%(1<<20) == 0 {
		limit = strconv.FormatInt(size>>20, 10) + "m"
	}
	e.each(func(s *types.ServiceConfig) {
		driver := ""
		if s.Logging != nil {
			driver = s.Logging.Driver
		}
		switch driver {
		case "", "json-file", "local":
		case "none":
			return
		default:
			e.changed(s.Name, "logs to json-file, not "+driver, "offshoot logs reads them")
			s.Logging = nil
		}
		if s.Logging == nil {
			s.Logging = &types.LoggingConfig{}
		}
		if s.Logging.Driver == "" {
			s.Logging.Driver = "json-file"
		}
		if s.Logging.Options == nil {
			s.Logging.Options = types.Options{}
		}
		if buffer, err := units.RAMInBytes(s.Logging.Options["max-buffer-size"]); err != nil || buffer > maxLogBuffer {
			delete(s.Logging.Options, "max-buffer-size")
		}
		if logBytes(*s.Logging) <= ownLogs*size {
			return
		}
		s.Logging.Options["max-size"] = limit
		s.Logging.Options["max-file"] = "2"
		e.usual("", "logs of at most 2 × "+limit+" for each container", "a full disk takes all previews down")
	})
}
