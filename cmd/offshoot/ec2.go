package main

import (
	"strings"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/provision/ec2"
)

// loginVariable names the variable with the private key that logs in to
// machines: a secret, so that it is in no file and on no command line. Without
// it EC2 Instance Connect logs in.
const loginVariable = "OFFSHOOT_SSH_KEY"

func (a placing) ec2Options(cfg *config.Config) ec2.Options {
	e, key := cfg.EC2, strings.TrimSpace(a.getenv(loginVariable))
	return ec2.Options{
		InstanceConnect: key == "",
		Region:          e.Region, Types: e.Types, Image: e.Image, Subnets: e.Subnets, SecurityGroup: e.SecurityGroup,
		SSH:     e.SSH,
		Connect: e.Connect, Spot: e.Spot, Disk: e.Disk, Profile: e.Profile, LoginKey: []byte(key + "\n"),
	}
}
