package catalog

// Pace is how far away a server is, and how fast it reads what is not in its
// memory. The zero Pace is that of a server at hand with everything in memory.
type Pace struct {
	RoundTrip float64 `json:"round_trip_seconds"`                // from a question to its answer
	Apart     float64 `json:"random_reads_per_second,omitempty"` // pages that lie apart; 0: from memory
	Bytes     float64 `json:"bytes_per_second,omitempty"`        // of pages that follow each other; 0: from memory
	Cached    float64 `json:"cached,omitempty"`                  // share of pages that were in memory
	Memory    int64   `json:"cache_bytes,omitempty"`             // of pages that were read and stay: effective_cache_size
	Given     bool    `json:"given,omitempty"`                   // the configuration says how fast, nothing was measured
}

// BlockBytes is the size of a page where the server was not built otherwise.
const BlockBytes = 8192

// ApartSeconds is what the disk takes for one page that lies apart, on
// average.
func (p Pace) ApartSeconds() float64 {
	if p.Apart <= 0 {
		return 0
	}
	return (1 - p.Cached) / p.Apart
}

// BesideSeconds is what the disk takes for one page that follows another, on
// average.
func (p Pace) BesideSeconds() float64 {
	if p.Bytes <= 0 {
		return 0
	}
	return (1 - p.Cached) * BlockBytes / p.Bytes
}

// Holds reports whether so many pages stay in memory once they are read.
func (p Pace) Holds(pages int64) bool { return pages*BlockBytes <= p.Memory }
