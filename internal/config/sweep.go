package config

// Sweep is the part about the cleanup.
type Sweep struct {
	KeepCache *int64 // bytes that builds may leave on the engine; nil: as many as they want
}

func (s *Sweep) fields() []field {
	return []field{{name: "keep_cache", decode: size(&s.KeepCache)}}
}
