package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision"
	"github.com/offshoot-dev/offshoot/provision/docker"
	"github.com/offshoot-dev/offshoot/provision/ec2"
	"github.com/offshoot-dev/offshoot/provision/remote"
)

// wipeVerbs are what the agent does with a machine of which an image is made:
//
//	agent wipe FOLDER DIGEST         lets the next one run as root; the archive of that digest stays
//	agent wipe-files ROOT DIGEST     what must not be in an image goes from these files
var wipeVerbs = []string{"wipe", "wipe-files"}

func agentWipe(ctx context.Context, args []string) (err error) {
	if len(args) != 3 {
		return errors.New("agent wipe: want a folder and a digest")
	}
	if args[0] == "wipe-files" {
		return ec2.Wipe(args[1], args[2])
	}
	engine, err := docker.Connect(ctx)
	if err != nil {
		return err
	}
	defer closing(engine.Docker, &err)
	return engine.AsRoot(ctx, "agent", "wipe-files", "/machine", args[2])
}

// wipe takes away what must not be in an image. Nobody can log in any more
// afterwards.
func wipe(ctx context.Context, site remote.Site, result *provision.Result) error {
	archive := ""
	if result.Loaded != nil {
		archive = result.Loaded.SHA256
	}
	err := site.Host.Run(ctx, host.Command{Args: site.Agent("wipe", archive), Env: remote.Environment()})
	if err != nil {
		return fmt.Errorf("%s: %w", stepWipe, err)
	}
	return nil
}
