package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// leaveOut removes the services of Source.Without. Others may wait for them,
// which is dropped, but not be made of them.
func (l *loading) leaveOut(p *types.Project) error {
	all := p.AllServices()
	for _, name := range l.src.Without {
		if _, ok := all[name]; !ok {
			return hint.Usage(fmt.Errorf("preview.without: no service %s", name), "the services are %s",
				strings.Join(sorted(all), ", "))
		}
	}
	for _, name := range l.src.Without {
		delete(p.Services, name)
		delete(p.DisabledServices, name)
		l.changed(name, "is left out", "preview.without says so")
	}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		for _, left := range l.src.Without {
			if by := needs(s, left); by != "" {
				return hint.Usage(fmt.Errorf("preview.without: %s cannot be left out: %s of %s needs it", left, by,
					name),
					"leave %s out as well, or change its %s", name, by)
			}
			if _, waits := s.DependsOn[left]; waits {
				delete(s.DependsOn, left)
				l.changed(name, "does not wait for "+left, "preview.without leaves it out")
			}
		}
	}
	return nil
}

// mayBeLeftOut tells whether a preview is likely to do without a service: it
// keeps no data, is not made of the checkout, and nothing is made of it. Of the
// only service that is shown, that goes for what asks for the engine alone: a
// proxy, before others that publish nothing.
func mayBeLeftOut(p *types.Project, name string, engine bool) bool {
	s := p.Services[name]
	if keepsData(s) || s.Build != nil {
		return false
	}
	for _, other := range p.Services {
		if needs(other, name) != "" {
			return false
		}
	}
	rest := restOf(p, []string{name})
	return len(rest) > 0 && (engine || bestPort(s, true) == 0 || anyPublishes(p, rest))
}

// restOf are the services beside some that could be shown.
func restOf(p *types.Project, without []string) []string {
	return slices.DeleteFunc(p.ServiceNames(), func(name string) bool {
		return slices.Contains(without, name) || keepsData(p.Services[name])
	})
}

func anyPublishes(p *types.Project, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return bestPort(p.Services[name], true) != 0 })
}

func keepsData(s types.ServiceConfig) bool {
	_, keeps := DataPlaceOf(s, ImageConfig{}, false)
	return keeps || isDatabase(s)
}

// needs is the key by which a service cannot be without another one.
func needs(s types.ServiceConfig, other string) string {
	named := func(entries []string) bool {
		return slices.ContainsFunc(entries,
			func(e string) bool { first, _, _ := strings.Cut(e, ":"); return first == other })
	}
	whole := types.ServicePrefix + other
	for _, by := range []struct {
		key string
		yes bool
	}{
		{"network_mode", s.NetworkMode == whole},
		{"ipc", s.Ipc == whole},
		{"pid", s.Pid == whole},
		{"volumes_from", named(s.VolumesFrom)},
		{"links", named(s.Links)},
		{"build.additional_contexts", s.Build != nil && slices.Contains(values(s.Build.AdditionalContexts), whole)},
	} {
		if by.yes {
			return by.key
		}
	}
	return ""
}

func values(m map[string]string) []string {
	var all []string
	for _, key := range sorted(m) {
		all = append(all, m[key])
	}
	return all
}

// checkProfiles refuses the name of a profile that no service has.
func (l *loading) checkProfiles(p *types.Project) error {
	known := profiles(p)
	for _, name := range l.src.Profiles {
		if name != "*" && !slices.Contains(known, name) {
			return hint.Usage(fmt.Errorf("preview.profiles: no service has the profile %s", name),
				"the profiles are %s", strings.Join(known, ", "))
		}
	}
	return nil
}

// noService says why a service that a key of the configuration names is not
// there.
func noService(p *types.Project, key, name string) error {
	if s, known := p.DisabledServices[name]; known && len(s.Profiles) > 0 {
		return hint.Usage(fmt.Errorf("%s: service %s is there only with a profile that is not chosen: %s", key, name,
			strings.Join(s.Profiles, ", ")),
			"choose it in offshoot.yaml, preview.profiles: [%s]", s.Profiles[0])
	}
	return hint.Usage(fmt.Errorf("%s: no service %s in the compose file", key, name), "services are %s",
		strings.Join(p.ServiceNames(), ", "))
}

func profiles(p *types.Project) []string {
	var all []string
	for _, s := range p.AllServices() {
		all = append(all, s.Profiles...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
