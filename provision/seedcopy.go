package provision

import (
	"context"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/pkg/stdcopy"
)

// copyHost lets a container read one volume and write another, whoever owns
// the files in them, and do nothing else. What an image has at the mount
// points does not get into the volumes.
func copyHost(from, to string) *container.HostConfig {
	bare := &mount.VolumeOptions{NoCopy: true}
	return &container.HostConfig{
		NetworkMode: "none",
		Mounts: []mount.Mount{
			{Type: mount.TypeVolume, Source: from, Target: "/from", ReadOnly: true, VolumeOptions: bare},
			{Type: mount.TypeVolume, Source: to, Target: "/to", VolumeOptions: bare},
		},
		CapDrop:     []string{"ALL"},
		CapAdd:      []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"},
		SecurityOpt: []string{"no-new-privileges"},
	}
}

// runToEnd runs a container that was created, and gives what it printed.
func (m Machine) runToEnd(ctx context.Context, id string, said io.Writer) (code int, err error) {
	api := m.Engine.Client()
	attached, err := api.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)() // the connection does not know of ctx
	if err := api.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return 0, err
	}
	_, err = stdcopy.StdCopy(said, said, attached.Reader)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		return 0, err
	}
	ended, failed := api.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case state := <-ended:
		return int(state.StatusCode), nil
	case err := <-failed:
		return 0, err
	}
}
