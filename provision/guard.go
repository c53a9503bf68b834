package provision

import "github.com/offshoot-dev/offshoot/internal/guard"

// A Guard orders runs of one preview that are started by events. The zero Guard
// lets everything happen. A down has no result.
type Guard = guard.Guard[*Result]
