package compose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// FindExposed gives the services a preview serves and the container port of
// each: want when it is not empty (a port of 0 is filled in), else every
// service with a published port that can speak HTTP. None is a usage error that
// names the key preview.expose.
func FindExposed(p *types.Project, want map[string]int) (map[string]int, error) {
	if len(want) > 0 {
		return checkExposed(p, want)
	}
	found := map[string]int{}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		if isDatabase(s) {
			continue
		}
		if port := bestPort(s, true); port != 0 {
			found[name] = port
		}
	}
	if len(found) == 0 {
		return nil,
			hint.Usage(fmt.Errorf("no service with a published port among %s", strings.Join(p.ServiceNames(), ", ")),
				"name service and port under preview.expose in offshoot.yaml, for instance {web: 8000}")
	}
	return found, nil
}

func checkExposed(p *types.Project, want map[string]int) (map[string]int, error) {
	found := maps.Clone(want)
	for _, name := range sorted(want) {
		s, ok := p.Services[name]
		if !ok {
			return nil, noService(p, "preview.expose", name)
		}
		if want[name] != 0 {
			continue
		}
		if found[name] = bestPort(s, false); found[name] == 0 {
			return nil,
				hint.Usage(fmt.Errorf("preview.expose: service %s declares no port", name),
					"give its port, for instance {%s: 8000}", name)
		}
	}
	return found, nil
}

// ExposedOrder sorts the services of exposed, the one to open first first: what
// is called like a site, then what the others do not depend on, then by name.
func ExposedOrder(p *types.Project, exposed map[string]int) []string {
	names := sorted(exposed)
	depended := map[string]int{}
	for _, s := range p.Services {
		for name := range s.DependsOn {
			depended[name] = 1
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(nameRank(a), nameRank(b)), cmp.Compare(depended[a], depended[b]),
			cmp.Compare(portRank(uint32(exposed[a])), portRank(uint32(exposed[b]))))
	})
	return names
}

var siteNames = []string{
	"web", "frontend", "app", "www", "site", "nginx", "caddy", "proxy", "ui", "server", "backend",
	"api",
}

func nameRank(name string) int {
	if i := slices.Index(siteNames, name); i >= 0 {
		return i
	}
	return len(siteNames)
}

// webPorts are usual for HTTP, the likeliest first.
var webPorts = []uint32{80, 8080, 8000, 3000, 5000, 5173, 4200, 8888, 9000, 443, 8443}

// otherPorts are those of well-known protocols that a browser does not speak.
var otherPorts = map[uint32]string{
	21: "FTP", 22: "SSH", 25: "SMTP", 53: "DNS", 110: "POP3", 143: "IMAP", 389: "LDAP", 465: "SMTP", 587: "SMTP",
	993: "IMAP", 995: "POP3",
	1025: "SMTP", 1433: "SQL Server", 1521: "Oracle", 1883: "MQTT", 2181: "ZooKeeper", 2375: "Docker", 3306: "MySQL",
	4222: "NATS",
	5432: "PostgreSQL", 5433: "PostgreSQL", 5672: "AMQP", 6379: "Redis", 6432: "PgBouncer", 7687: "Bolt",
	9042: "Cassandra", 9092: "Kafka",
	9300: "Elasticsearch", 11211: "memcached", 26257: "CockroachDB", 27017: "MongoDB",
}

// LeftAside says of which published ports no link is made, since by their
// numbers they speak something else than HTTP. Exposed is what is shown.
func LeftAside(p *types.Project, exposed map[string]int) []Change {
	var changes []Change
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		shown := exposed[name]
		for _, port := range s.Ports {
			protocol, other := otherPorts[port.Target]
			if !other || port.Protocol == "udp" || int(port.Target) == shown {
				continue
			}
			change := Change{
				Service: name, What: fmt.Sprintf("port %d has no link", port.Target),
				Why: "it is that of " + protocol +
					", which browsers do not speak; preview.expose gives it one all the same",
				Usual: shown != 0 || keepsData(s),
			}
			if !slices.Contains(changes, change) {
				changes = append(changes, change)
			}
		}
	}
	return changes
}

// asidePorts are those of debuggers, and of pages that reload themselves: what
// listens there may take connections and say nothing, and costs the time to
// find that out.
var asidePorts = []uint32{2345, 5005, 5678, 9229, 24678, 35729}

func portRank(port uint32) int {
	if i := slices.Index(webPorts, port); i >= 0 {
		return i
	}
	if slices.Contains(asidePorts, port) {
		return len(webPorts) + 1
	}
	return len(webPorts)
}

// bestPort is the service's likeliest port for HTTP, or 0. Ports that are only
// exposed count when publishedOnly is not asked.
func bestPort(s types.ServiceConfig, publishedOnly bool) int {
	ports := PublishedPorts(s)
	for _, text := range s.Expose {
		n, err := strconv.ParseUint(strings.TrimSuffix(text, "/tcp"), 10, 16)
		if err == nil && !publishedOnly {
			ports = append(ports, int(n))
		}
	}
	if len(ports) == 0 {
		return 0
	}
	sortPorts(ports)
	return ports[0]
}

// PublishedPorts are the ports that a service publishes and that may speak
// HTTP, the likeliest first.
func PublishedPorts(s types.ServiceConfig) []int {
	var ports []int
	for _, p := range s.Ports {
		if (p.Protocol == "" || p.Protocol == "tcp") && otherPorts[p.Target] == "" {
			ports = append(ports, int(p.Target))
		}
	}
	sortPorts(ports)
	return ports
}

func sortPorts(ports []int) {
	slices.SortStableFunc(ports, func(a, b int) int { return cmp.Compare(portRank(uint32(a)), portRank(uint32(b))) })
}
