package compose

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

const rawSockets = "NET_RAW"

// withoutRawSockets takes from every service what Docker gives it by default:
// with it, one could answer for the addresses of others in its network. What
// the file asks for by name has been allowed by name.
func withoutRawSockets(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		if s.Privileged || names(s.CapAdd, rawSockets) || names(s.CapDrop, rawSockets) {
			return
		}
		s.CapDrop = append(s.CapDrop, rawSockets)
		e.usual("", "no raw sockets ("+rawSockets+")", "a service could answer for the address of another")
	})
}

// names tells whether a list of capabilities has one of them.
func names(capabilities []string, one string) bool {
	return slices.ContainsFunc(capabilities, func(c string) bool {
		bare := strings.TrimPrefix(strings.ToUpper(c), "CAP_")
		return bare == one || bare == "ALL"
	})
}
