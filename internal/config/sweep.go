package config

// Sweep is the part about the cleanup.
type Sweep struct {
	KeepCache *int64 // bytes that builds may leave on the engine; nil: as many as they want
}

func (s *Sweep) fields() []field {
	return []field{{
		name: "keep_cache", value: size(&s.KeepCache),
		about: "the most that builds may leave on the engine, such as `20GB`: images of no preview and the " +
			"build cache together; see [Sweep](ci.md#sweep)",
		absent: "no bound",
	}}
}
