package conninfo

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/stall"
)

// sent are the parameters that are the server's.
var sent = []string{"application_name", "options", "timezone"}

// adapt does by pgx what it would else hand on to the server as settings, which
// refuses them. Some come from a service file, which nobody has looked at yet.
func adapt(config *pgx.ConnConfig, way *Way) error {
	params := config.RuntimeParams
	own := map[string]string{}
	for name, value := range params {
		if slices.Contains(sent, name) {
			continue
		}
		if err := (pair{name, value}).check(); err != nil {
			return err
		}
		own[name] = value
		delete(params, name)
	}
	if name := own["fallback_application_name"]; name != "" && params["application_name"] == "" {
		params["application_name"] = name
	}
	// Prepares no statement that the session would keep, be it a pooler's, and asks for no description first: that
	// would be one more round trip.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.DialFunc = dialer(own).DialContext
	way.dial(&config.Config)
	limitTLS(&config.Config, own)
	return redirect(&config.Config, or(own["hostaddr"], "PGHOSTADDR"))
}

func or(value, variable string) string {
	if value != "" {
		return value
	}
	return os.Getenv(variable)
}

// dialer is patient with a server that thinks; how long a computer may be
// silent is the user's to say.
func dialer(own map[string]string) *net.Dialer {
	d := stall.Patient()
	if own["keepalives"] != "" && atoi(own["keepalives"]) == 0 {
		d.KeepAliveConfig, d.KeepAlive = net.KeepAliveConfig{}, -1
	}
	if n := atoi(own["keepalives_idle"]); n > 0 {
		d.KeepAliveConfig.Idle = time.Duration(n) * time.Second
	}
	if n := atoi(own["keepalives_interval"]); n > 0 {
		d.KeepAliveConfig.Interval = time.Duration(n) * time.Second
	}
	if n := atoi(own["keepalives_count"]); n > 0 {
		d.KeepAliveConfig.Count = n
	}
	if n := atoi(own["tcp_user_timeout"]); n > 0 {
		d.Control = unansweredFor(n)
	}
	return d
}

func atoi(value string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(value)) // checked before
	return n
}

var tlsVersions = map[string]uint16{
	"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

func limitTLS(config *pgconn.Config, own map[string]string) {
	low := tlsVersions[or(own["ssl_min_protocol_version"], "PGSSLMINPROTOCOLVERSION")]
	high := tlsVersions[or(own["ssl_max_protocol_version"], "PGSSLMAXPROTOCOLVERSION")]
	limit := func(c *tls.Config) {
		if c != nil {
			c.MinVersion, c.MaxVersion = max(c.MinVersion, low), high
		}
	}
	limit(config.TLSConfig)
	for _, f := range config.Fallbacks {
		limit(f.TLSConfig)
	}
}

// redirect has hosts looked for at addresses. Certificates and ~/.pgpass go by
// the hosts' names all the same.
func redirect(config *pgconn.Config, hostaddr string) error {
	if hostaddr == "" {
		return nil
	}
	hosts, addresses := Servers(config), strings.Split(hostaddr, ",")
	if len(addresses) != len(hosts) {
		return hint.Usage(&ParameterError{"hostaddr", "to be as many addresses as there are hosts"},
			"mend the parameter hostaddr of the connection string")
	}
	at := map[string][]string{}
	for i, host := range hosts {
		if address := addresses[i]; net.ParseIP(address) == nil && address != "" {
			return hint.Usage(&ParameterError{"hostaddr", "to be an IP address, such as 192.0.2.1"},
				"mend the parameter hostaddr of the connection string, or write host")
		} else if address != "" {
			at[host.Host] = append(at[host.Host], address)
		}
	}
	lookup := config.LookupFunc
	config.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		if addresses := at[host]; len(addresses) > 0 {
			return addresses, nil
		}
		return lookup(ctx, host)
	}
	return nil
}
