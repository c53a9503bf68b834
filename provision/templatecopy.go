package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/pkg/stdcopy"
)

// A volumeCopy is one volume to be cloned into another, empty one.
type volumeCopy struct {
	from, to string
	makes    template // the template that comes of it; the zero value: none
}

// argv is what the gateway's program is asked for. A template has to be on the disk
// before it is called whole: the marks outlive a crash of the machine.
func (v volumeCopy) argv() []string {
	if v.makes.name != "" {
		return []string{"gateway", "clone", "-sync", "/from", "/to"}
	}
	return []string{"gateway", "clone", "/from", "/to"}
}

// copyVolume clones one volume into another, by the gateway's program in a
// container that has nothing but the two. It tells how, and how many bytes.
func (c *cloning) copyVolume(ctx context.Context, v volumeCopy) (how string, bytes int64, err error) {
	labels := c.next.everyLabel()
	if v.makes.name != "" {
		labels[labelTemplate] = v.makes.name
	}
	said, err := c.runProgram(ctx, v.argv(), labels, copyHost(v.from, v.to))
	if err == nil {
		_, err = fmt.Sscan(said, &how, &bytes)
	}
	if err != nil {
		return "", 0, fmt.Errorf("clone %s: %w", v.from, err)
	}
	return how, bytes, nil
}

// programImage is the image of the gateway, which is that of all containers in
// which our own program runs.
func (e Engine) programImage(ctx context.Context) (string, error) {
	current, exists, err := e.findGateway(ctx)
	if err == nil && !exists {
		err = errors.New("there is no gateway")
	}
	if err != nil {
		return "", err
	}
	return current.Config.Image, nil
}

// runProgram runs the gateway's program in a container of its own, as root, to
// its end, and gives what it printed.
func (c *cloning) runProgram(
	ctx context.Context, argv []string, labels map[string]string, host *container.HostConfig,
) (text string, err error) {
	image, err := c.programImage(ctx)
	if err != nil {
		return "", err
	}
	config := &container.Config{Image: image, Cmd: argv, User: "0:0", Labels: labels}
	return c.runOnce(ctx, config, host, c.next.Preview.project(c.next.Number)+"-clone", nil)
}

// runOnce runs a container to its end, removes it, and gives what it printed.
func (e Engine) runOnce(
	ctx context.Context, config *container.Config, host *container.HostConfig, name string, stdin io.Reader,
) (text string, err error) {
	api := e.Docker.Client()
	config.OpenStdin, config.StdinOnce, config.AttachStdin = stdin != nil, stdin != nil, stdin != nil
	created, err := api.ContainerCreate(ctx, config, host, nil, nil, name)
	if err != nil {
		return "", err
	}
	defer func() {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		if removed := api.ContainerRemove(ctx, created.ID, container.RemoveOptions{Force: true}); removed != nil &&
			!notFound(removed) {
			err = errors.Join(err, removed)
		}
	}()
	var said bytes.Buffer
	code, err := e.runToEnd(ctx, created.ID, &said, stdin)
	if err == nil && code != 0 {
		err = fmt.Errorf("exit %d: %s", code, printable(strings.TrimSpace(said.String())))
	}
	return said.String(), err
}

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
func (e Engine) runToEnd(ctx context.Context, id string, said io.Writer, stdin io.Reader) (code int, err error) {
	api := e.Docker.Client()
	attached, err := api.ContainerAttach(ctx, id,
		container.AttachOptions{Stream: true, Stdin: stdin != nil, Stdout: true, Stderr: true})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)() // the connection does not know of ctx
	if err := api.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() { sent <- send(stdin, attached.Conn, attached.CloseWrite) }()
	_, err = stdcopy.StdCopy(said, said, attached.Reader)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	attached.Close() // ends a send to a program that ended before its input
	if err := errors.Join(err, <-sent); err != nil {
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
