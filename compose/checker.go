package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// harmlessCapabilities are those that Docker gives by default, and those that
// stay within the container.
var harmlessCapabilities = []string{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "IPC_LOCK", "SYS_NICE", "SYS_PTRACE",
}

// mostReplicas is how many containers one service may have: each has limits of
// its own.
const mostReplicas = 10

// project refuses all that reaches out of the checkout or into the machine.
func (c *checker) project(p *types.Project) {
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		c.asks = name
		c.namespaces(s)
		c.rights(s)
		c.mounts(s)
		c.files(s)
		c.images(s)
		if s.Build != nil {
			c.build(s.Name, *s.Build)
		}
	}
	c.asks = ""
	for _, name := range p.SecretNames() {
		c.file("secrets."+name+":", "secret "+name, p.Secrets[name].File)
	}
	for _, name := range p.ConfigNames() {
		c.file("configs."+name+":", "config "+name, p.Configs[name].File)
	}
	c.volumes(p)
	for _, name := range p.NetworkNames() {
		if n := p.Networks[name]; !bool(n.External) {
			c.network(name, n)
		}
	}
	c.without(p)
}

// plainNetworkOptions neither open a network to others nor touch the machine's
// own interfaces.
var plainNetworkOptions = []string{
	"com.docker.network.driver.mtu", "com.docker.network.bridge.enable_icc",
	"com.docker.network.bridge.enable_ip_masquerade",
	"com.docker.network.container_iface_prefix",
	"com.docker.network.bridge.name", // dropped by the transform
}

func (c *checker) network(name string, n types.NetworkConfig) {
	if n.Driver != "" && n.Driver != "bridge" {
		c.refuse("networks."+name+".driver", "network "+name+": driver "+n.Driver)
	}
	if n.Ipam.Driver != "" && n.Ipam.Driver != "default" {
		c.refuse("networks."+name+".ipam.driver", "network "+name+": address driver "+n.Ipam.Driver)
	}
	for _, option := range sorted(n.DriverOpts) {
		if !slices.Contains(plainNetworkOptions, option) {
			c.refuse("networks."+name+".driver_opts:"+option, "network "+name+": option "+option)
		}
	}
}

func (c *checker) namespaces(s types.ServiceConfig) {
	modes := []struct {
		key, mode string
		own       []string
	}{
		// Any other word is a network of the engine, perhaps another preview's.
		{"network_mode", s.NetworkMode, []string{"none", "bridge", "default"}},
		{"pid", s.Pid, nil},
		{"ipc", s.Ipc, []string{"none", "private", "shareable"}},
		{"userns_mode", s.UserNSMode, nil},
		{"uts", s.Uts, nil},
		{"cgroup", s.Cgroup, []string{"private"}},
	}
	for _, m := range modes {
		if m.mode != "" && !slices.Contains(m.own, m.mode) && !strings.HasPrefix(m.mode, types.ServicePrefix) {
			c.refuse(s.Name+"."+m.key, s.Name+": "+m.key+" "+m.mode)
		}
	}
	for _, link := range s.ExternalLinks {
		c.refuse(s.Name+".external_links", s.Name+": external link "+link)
	}
	for _, from := range s.VolumesFrom {
		if strings.HasPrefix(from, types.ContainerPrefix) {
			c.refuse(s.Name+".volumes_from", s.Name+": volumes from "+from)
		}
	}
}

func (c *checker) rights(s types.ServiceConfig) {
	flags := []struct {
		key string
		on  bool
	}{
		{"privileged", s.Privileged},
		{"use_api_socket", s.UseAPISocket},
		{"provider", s.Provider != nil},
		{"credential_spec", s.CredentialSpec != nil},
		{"cgroup_parent", s.CgroupParent != ""},
		{"device_cgroup_rules", len(s.DeviceCgroupRules) > 0},
		{"gpus", len(s.Gpus) > 0},
		{"runtime", s.Runtime != "" && s.Runtime != "runc"},
		{"oom_kill_disable", s.OomKillDisable},
		{"oom_score_adj", s.OomScoreAdj < 0},
		{"models", len(s.Models) > 0},
		{"deploy.devices", reservesDevices(s)},
	}
	for _, f := range flags {
		if f.on {
			c.refuse(s.Name+"."+f.key, s.Name+": "+f.key)
		}
	}
	for _, hook := range slices.Concat(s.PostStart, s.PreStop) {
		if hook.Privileged {
			c.refuse(s.Name+".hooks.privileged", s.Name+": privileged hook")
		}
	}
	// The runtime acts on some: org.systemd.property.DeviceAllow opens devices.
	for _, name := range sorted(s.Annotations) {
		c.refuse(s.Name+".annotations:"+name, s.Name+": annotation "+name)
	}
	if scale := s.GetScale(); scale > mostReplicas {
		c.refuse(s.Name+".deploy.replicas", fmt.Sprintf("%s: %d containers, more than %d", s.Name, scale, mostReplicas))
	}
	for _, d := range s.Devices {
		c.refuse(s.Name+".devices:"+d.Source, s.Name+": device "+d.Source)
	}
	for _, capability := range s.CapAdd {
		bare := strings.TrimPrefix(strings.ToUpper(capability), "CAP_")
		if !slices.Contains(harmlessCapabilities, bare) {
			c.refuse(s.Name+".cap_add:"+bare, s.Name+": capability "+bare)
		}
	}
	for _, opt := range s.SecurityOpt {
		if !strings.HasPrefix(opt, "no-new-privileges") {
			c.refuse(s.Name+".security_opt:"+opt, s.Name+": security option "+opt)
		}
	}
}

func reservesDevices(s types.ServiceConfig) bool {
	if s.Deploy == nil || s.Deploy.Resources.Reservations == nil {
		return false
	}
	return len(s.Deploy.Resources.Reservations.Devices) > 0
}

func (c *checker) mounts(s types.ServiceConfig) {
	for _, v := range s.Volumes {
		switch v.Type {
		case types.VolumeTypeBind:
			if sealed(v) {
				continue
			}
			c.path(s.Name+".volumes:", v.Source, s.Name+": mounts "+rel(c.dir, v.Source))
		case types.VolumeTypeNamedPipe, types.VolumeTypeCluster:
			c.refuse(s.Name+".volumes:"+v.Source, s.Name+": mounts "+v.Type+" "+v.Source)
		}
	}
}

// sealed tells of a mount of /dev/null, which hides a file, that no container
// can change the machine's /dev/null by it: of a device, read-only forbids only
// that, and not to write to it.
func sealed(v types.ServiceVolumeConfig) bool {
	return v.Source == "/dev/null" && v.ReadOnly && (v.Bind == nil || v.Bind.Propagation == "")
}

// sealNull makes all mounts of /dev/null read-only.
func sealNull(p *types.Project) {
	for _, s := range p.Services {
		for i, v := range s.Volumes {
			if v.Type == types.VolumeTypeBind && v.Source == "/dev/null" {
				s.Volumes[i].ReadOnly = true
			}
		}
	}
}

func (c *checker) files(s types.ServiceConfig) {
	for _, f := range s.EnvFiles {
		c.file(s.Name+".env_file:", s.Name+": env_file", f.Path)
	}
	for _, f := range s.LabelFiles {
		c.file(s.Name+".label_file:", s.Name+": label_file", f)
	}
}

func (c *checker) file(prefix, what, path string) {
	if path != "" {
		c.path(prefix, path, what+" "+rel(c.dir, path))
		c.git(prefix, path, what+" "+rel(c.dir, path))
	}
}

// git refuses what is git's own: its configuration may hold a token, and what it
// names is run.
func (c *checker) git(prefix, path, what string) {
	for _, at := range []string{path, resolve(path)} {
		if ofGit(rel(c.root, at)) {
			c.refuse(prefix+rel(c.dir, path), what+" of git's own")
			return
		}
	}
}

// ofGit tells whether a path leads to or through a folder of git's.
func ofGit(path string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"),
		func(one string) bool { return strings.EqualFold(one, ".git") })
}

func (c *checker) build(service string, b types.BuildConfig) {
	prefix := service + ".build."
	if local(b.Context) {
		ok := c.path(prefix+"context:", b.Context, service+": builds "+rel(c.dir, b.Context))
		c.git(prefix+"context:", b.Context, service+": builds "+rel(c.dir, b.Context))
		if ok && b.Dockerfile != "" {
			c.dockerfile(service, b)
		}
	}
	for _, name := range sorted(b.AdditionalContexts) {
		if dir := b.AdditionalContexts[name]; local(dir) {
			c.path(prefix+"additional_contexts:", dir, service+": build context "+rel(c.dir, dir))
			c.git(prefix+"additional_contexts:", dir, service+": build context "+rel(c.dir, dir))
		}
	}
	if b.Privileged {
		c.refuse(prefix+"privileged", service+": privileged build")
	}
	if b.Network == "host" || strings.HasPrefix(b.Network, types.ContainerPrefix) {
		c.refuse(prefix+"network", service+": build network "+b.Network)
	}
	for _, e := range b.Entitlements {
		c.refuse(prefix+"entitlements:"+e, service+": build entitlement "+e)
	}
	for _, key := range b.SSH {
		c.refuse(prefix+"ssh:"+key.ID,
			fmt.Sprintf("%s: build with the SSH agent or key %q of this machine", service, key.ID))
	}
}

// dockerfile refuses a Dockerfile, or its own .dockerignore, that is neither in
// the checkout nor in the context, which may be allowed to be elsewhere.
func (c *checker) dockerfile(service string, b types.BuildConfig) {
	path := absolute(b.Context, b.Dockerfile)
	for _, file := range []string{path, path + ".dockerignore"} {
		real := resolve(file)
		if inside(resolve(b.Context), real) {
			continue
		}
		if !c.path(service+".build.dockerfile:", file, service+": Dockerfile "+rel(c.dir, file)) ||
			!inside(c.root, real) {
			return
		}
	}
}

// local tells a folder from the other things a build context may be.
func local(context string) bool {
	for _, prefix := range []string{types.ServicePrefix, "docker-image:", "oci-layout:", "git@", "github.com/"} {
		if strings.HasPrefix(context, prefix) {
			return strings.HasPrefix(context, "oci-layout:")
		}
	}
	return context != "" && !strings.Contains(context, "://")
}

// volumes refuses the ways in which a volume is a bind mount by another name.
func (c *checker) volumes(p *types.Project) {
	for _, name := range p.VolumeNames() {
		v := p.Volumes[name]
		if bool(v.External) {
			continue
		}
		if v.Driver != "" && v.Driver != "local" {
			c.refuse("volumes."+name+".driver", "volume "+name+": driver "+v.Driver)
			continue
		}
		device := v.DriverOpts["device"]
		options := strings.Split(v.DriverOpts["o"], ",")
		// With bind the kernel takes any type for a bind mount, also tmpfs.
		bind := slices.Contains(options, "bind") || slices.Contains(options, "rbind")
		switch {
		case device == "" || v.DriverOpts["type"] == "tmpfs" && !bind:
		case filepath.IsAbs(device) && bind:
			c.path("volumes."+name+":", device, "volume "+name+": mounts "+rel(c.dir, device))
		default:
			c.refuse("volumes."+name+".device", "volume "+name+": mounts "+device)
		}
	}
}
