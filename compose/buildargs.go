package compose

import "github.com/compose-spec/compose-go/v2/types"

// Build arguments that tell BuildKit something, and not the Dockerfile.
// https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args
const (
	argSyntax = "BUILDKIT_SYNTAX"
	argCaches = "BUILDKIT_CACHE_MOUNT_NS"
)

// buildArguments keeps builds to the engine's own Dockerfile syntax, as
// withoutSyntax does, and gives them cache mounts (RUN --mount=type=cache) of
// their own: the engine has one set for all.
func buildArguments(e *edit) {
	e.each(func(s *types.ServiceConfig) {
		if s.Build == nil {
			return
		}
		if _, set := s.Build.Args[argSyntax]; set {
			delete(s.Build.Args, argSyntax)
			e.changed(s.Name, "build argument "+argSyntax+" is left out", "the engine's own Dockerfile syntax is used")
		}
		if e.Caches == "" {
			return
		}
		if s.Build.Args == nil {
			s.Build.Args = types.MappingWithEquals{}
		}
		if value := s.Build.Args[argCaches]; value != nil && *value != "" {
			e.changed(s.Name, "build argument "+argCaches+" is another", "a repository has its own cache mounts")
		}
		caches := e.Caches
		s.Build.Args[argCaches] = &caches
	})
}
