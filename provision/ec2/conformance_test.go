package ec2_test

import (
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
	"github.com/offshoot-dev/offshoot/provision/machine"
	"github.com/offshoot-dev/offshoot/provision/machine/machinetest"
)

var _ machine.Provider = (*ec2.Provider)(nil)

func TestProvider_Conforms(t *testing.T) {
	for name, cloud := range map[string]standin.Options{
		"on a normal day":  usual(1),
		"at once":          {Seed: 2},
		"with small pages": {Seed: 3, PageSize: 1, Pending: time.Second},
		"on a slow day":    {Seed: 4, Hidden: 20 * time.Second, Pending: time.Minute, Ending: 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			machinetest.Conformance(t, func(t *testing.T) machinetest.Subject {
				a := newAccount(t, cloud)
				return machinetest.Subject{Provider: timed{a.provider, a.clock}, Unreachable: true, Prefix: "conf-"}
			})
		})
	}
}

// TestProvider_ConformsAtAnEndpoint runs the suite at another emulator, or at
// AWS itself, with the credentials of the environment: make test-ec2-conformance.
func TestProvider_ConformsAtAnEndpoint(t *testing.T) {
	endpoint := os.Getenv("EC2_ENDPOINT")
	if endpoint == "" {
		t.Skip("no AWS endpoint in EC2_ENDPOINT")
	}
	options := ec2.Options{Endpoint: endpoint, LoginKey: loginKey(t), Image: os.Getenv("EC2_IMAGE")}
	if endpoint == "aws" {
		options.Endpoint = ""
	} else { // nobody connects to a machine of an emulator, which may be all of the network that there is
		options.SSH = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}
	}
	prefix := fmt.Sprintf("conf-%d-", time.Now().Unix())
	machinetest.Conformance(t, func(t *testing.T) machinetest.Subject {
		provider, err := ec2.New(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		return machinetest.Subject{Provider: provider, Unreachable: endpoint != "aws", Prefix: prefix}
	})
}
