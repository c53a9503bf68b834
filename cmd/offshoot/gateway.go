package main

import (
	"github.com/spf13/cobra"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// gatewayCommand is what runs inside the gateway's container. Only offshoot
// calls it, so it is not listed.
func (a setup) gatewayCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "gateway",
		Short:              "serve the gateway (offshoot runs this itself)",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			return gateway.Command(c.Context(), args, a.stdin, a.stdout)
		},
	}
}
