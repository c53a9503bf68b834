package compose

import (
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

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
		if s.Logging.Options["max-size"] != "" {
			return
		}
		s.Logging.Options["max-size"] = limit
		s.Logging.Options["max-file"] = "2"
		e.usual("", "logs of at most 2 × "+limit+" for each container", "a full disk takes all previews down")
	})
}
