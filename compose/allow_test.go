package compose_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Every way to reach out of the preview, in every form of writing it, is refused
// with a key, and that key and no other permits it.
func TestRefusal_EachFormHasTheKeyThatPermitsIt(t *testing.T) {
	service := func(keys string) string { return "services: {a: {image: b, " + keys + "}}" }
	build := func(keys string) string { return "services: {a: {build: {context: ., " + keys + "}}}" }
	volume := func(keys string) string {
		return "services: {a: {image: b, volumes: ['data:/v']}}\nvolumes: {data: {" + keys + "}}"
	}
	network := func(keys string) string { return "services: {a: {image: b}}\nnetworks: {default: {" + keys + "}}" }
	for text, key := range map[string]string{
		service("privileged: true"):                              "a.privileged",
		service("privileged: 'true'"):                            "a.privileged",
		service("privileged: yes"):                               "a.privileged",
		service("privileged: '${ON:-true}'"):                     "a.privileged",
		service("network_mode: host"):                            "a.network_mode",
		service("network_mode: 'container:x'"):                   "a.network_mode",
		service("network_mode: bridge2"):                         "a.network_mode",
		service("pid: host"):                                     "a.pid",
		service("ipc: host"):                                     "a.ipc",
		service("ipc: 'container:x'"):                            "a.ipc",
		service("uts: host"):                                     "a.uts",
		service("userns_mode: host"):                             "a.userns_mode",
		service("cgroup: host"):                                  "a.cgroup",
		service("cgroup_parent: /system.slice"):                  "a.cgroup_parent",
		service("cap_add: [ALL]"):                                "a.cap_add:ALL",
		service("cap_add: [all]"):                                "a.cap_add:ALL",
		service("cap_add: [CAP_SYS_ADMIN]"):                      "a.cap_add:SYS_ADMIN",
		service("cap_add: [sys_module]"):                         "a.cap_add:SYS_MODULE",
		service("cap_add: [DAC_READ_SEARCH]"):                    "a.cap_add:DAC_READ_SEARCH",
		service("cap_add: [BPF]"):                                "a.cap_add:BPF",
		service("devices: ['/dev/mem']"):                         "a.devices:/dev/mem",
		service("devices: ['/dev/mem:/dev/x:r']"):                "a.devices:/dev/mem",
		service("devices: [{source: /dev/mem, target: /dev/x}]"): "a.devices:/dev/mem",
		service("device_cgroup_rules: ['a *:* rwm']"):            "a.device_cgroup_rules",
		service("gpus: all"):                                     "a.gpus",
		service("deploy: {resources: {reservations: {devices: [{capabilities: [gpu], driver: x}]}}}"): "a.deploy.devices",
		service("runtime: runsc"):                                                                        "a.runtime",
		service("security_opt: ['seccomp=unconfined']"):                                                  "a.security_opt:seccomp=unconfined",
		service("security_opt: ['systempaths=unconfined']"):                                              "a.security_opt:systempaths=unconfined",
		service("use_api_socket: true"):                                                                  "a.use_api_socket",
		service("oom_kill_disable: true"):                                                                "a.oom_kill_disable",
		service("oom_score_adj: -1000"):                                                                  "a.oom_score_adj",
		service("external_links: [x]"):                                                                   "a.external_links",
		service("volumes_from: ['container:x']"):                                                         "a.volumes_from",
		service("annotations: {a.b: c}"):                                                                 "a.annotations:a.b",
		service("post_start: [{command: [x], privileged: true}]"):                                        "a.hooks.privileged",
		service("pre_stop: [{command: x, privileged: true}]"):                                            "a.hooks.privileged",
		service("credential_spec: {file: x.json}"):                                                       "a.credential_spec",
		service("volumes: ['/:/host']"):                                                                  "a.volumes:/",
		service("volumes: ['/etc:/etc:ro,z']"):                                                           "a.volumes:/etc",
		service("volumes: [{type: bind, source: /etc, target: /etc}]"):                                   "a.volumes:/etc",
		service("volumes: [{type: bind, source: /etc/../etc/./x, target: /x}]"):                          "a.volumes:/etc/../etc/./x",
		service("volumes: [{type: bind, source: '${SRC:-/etc}', target: /etc}]"):                         "a.volumes:/etc",
		service("volumes: [{type: bind, source: /nowhere, target: /x, bind: {create_host_path: true}}]"): "a.volumes:/nowhere",
		service("volumes: [{type: cluster, source: csi, target: /x}]"):                                   "a.volumes:csi",
		service("env_file: /etc/hostname"):                                                               "a.env_file:/etc/hostname",
		service("env_file: [{path: /etc/hostname, required: false}]"):                                    "a.env_file:/etc/hostname",
		service("label_file: [/etc/nothing-here]"):                                                       "a.label_file:/etc/nothing-here",
		build("network: host"):                                                                           "a.build.network",
		build("network: 'container:x'"):                                                                  "a.build.network",
		build("privileged: true"):                                                                        "a.build.privileged",
		build("entitlements: [security.insecure]"):                                                       "a.build.entitlements:security.insecure",
		build("ssh: [default]"):                                                                          "a.build.ssh:default",
		build("ssh: ['k=/root/.ssh/id']"):                                                                "a.build.ssh:k",
		build("dockerfile: /etc/Dockerfile"):                                                             "a.build.dockerfile:/etc/Dockerfile",
		build("additional_contexts: {x: /etc}"):                                                          "a.build.additional_contexts:/etc",
		build("additional_contexts: ['x=/etc']"):                                                         "a.build.additional_contexts:/etc",
		"services: {a: {build: /etc}}":                                                                   "a.build.context:/etc",
		"services: {a: {build: {context: /etc}}}":                                                        "a.build.context:/etc",
		volume("driver: plugin"):                                                                         "volumes.data.driver",
		volume("driver_opts: {type: none, o: bind, device: /srv}"):                                       "volumes.data:/srv",
		volume("driver_opts: {type: tmpfs, o: 'size=1m,bind', device: /srv}"):                            "volumes.data:/srv",
		volume("driver_opts: {type: nfs, o: 'addr=10.0.0.1', device: ':/x'}"):                            "volumes.data.device",
		volume("driver_opts: {type: ext4, device: /dev/sda}"):                                            "volumes.data.device",
		network("driver: macvlan"):                                                                       "networks.default.driver",
		network("driver: host"):                                                                          "networks.default.driver",
		network("ipam: {driver: x}"):                                                                     "networks.default.ipam.driver",
		network("driver_opts: {com.docker.network.bridge.gateway_mode_ipv4: routed}"):                    "networks.default.driver_opts:com.docker.network.bridge.gateway_mode_ipv4",
		service("secrets: [s]") +
			"\nsecrets: {s: {file: /etc/shadow}}": "secrets.s:/etc/shadow",
		service("configs: [s]") +
			"\nconfigs: {s: {file: /etc/shadow}}": "configs.s:/etc/shadow",
		build("secrets: [s]") +
			"\nsecrets: {s: {file: /etc/shadow}}": "secrets.s:/etc/shadow",
	} {
		dir := folder(t, map[string]string{"compose.yaml": text})
		load := func(allow ...string) error {
			_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir, Name: "shop", Allow: allow})
			return err
		}
		var refusal *compose.Refusal
		if err := load("b.privileged", "*", "a", ""); !errors.As(err, &refusal) || !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: got %v, want a refusal", text, err)
			continue
		}
		var keys []string
		for _, item := range refusal.Items {
			keys = append(keys, item.Allow)
			if !strings.Contains(refusal.Error(), item.What+" (preview.allow: "+item.Allow+")") {
				t.Errorf("%s: %+v is not in %v", text, item, refusal)
			}
		}
		if diff := cmp.Diff([]string{key}, keys); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if err := load(key); errors.As(err, &refusal) {
			t.Errorf("%s: refused although %s is allowed: %v", text, key, err)
		}
	}
}

func TestRefusal_ListsEachThingOnceInOrder(t *testing.T) {
	dir := folder(t, map[string]string{"compose.yaml": `
services:
  z: {image: b, privileged: true, volumes: ["/etc:/a", "/etc:/b"]}
  a: {image: b, pid: host, cap_add: [SYS_ADMIN, CAP_SYS_ADMIN, sys_admin]}
`})
	_, _, err := compose.Load(t.Context(), compose.Source{Dir: dir})
	var refusal *compose.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v", err)
	}
	var keys []string
	for _, item := range refusal.Items {
		keys = append(keys, item.Allow)
	}
	if diff := cmp.Diff([]string{"a.cap_add:SYS_ADMIN", "a.pid", "z.privileged", "z.volumes:/etc"},
		keys); diff != "" || !slices.IsSorted(keys) {
		t.Error(diff)
	}
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], "preview.allow in offshoot.yaml") {
		t.Errorf("hints %q", hints)
	}
}

// Whoever may write to /dev/null mounts it in place of a file that is to be hidden; each mount of it becomes read-only.
func TestLoad_TakesDevNullThatHidesAFileAndNoOther(t *testing.T) {
	file := func(bind string) string {
		return "services: {a: {image: b, volumes: [{type: bind, source: /dev/null, target: /app/.env" + bind + "}]}}"
	}
	for _, taken := range []string{file(""), file(", read_only: false"), file(", bind: {create_host_path: true}")} {
		if v := load(t, checkoutOf(t, taken)).Services["a"].Volumes[0]; v.Source != "/dev/null" || !v.ReadOnly {
			t.Errorf("%s: mounts %+v", taken, v)
		}
	}
	_, _, err := compose.Load(t.Context(), compose.Source{Dir: checkoutOf(t, file(", bind: {propagation: rshared}"))})
	var refusal *compose.Refusal
	if !errors.As(err, &refusal) || len(refusal.Items) != 1 || !strings.HasSuffix(refusal.Items[0].Allow, "/dev/null") {
		t.Errorf("with a propagation: %v", err)
	}
}
