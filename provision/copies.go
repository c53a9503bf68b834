package provision

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/volume"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/worktree"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// What services mount of the checkout is a copy of the generation's own, in
// two volumes that no service mounts itself:
//
//	checkout ── once for what is in it ──► base        the folders, never written
//	                                        │ lower
//	                                        ▼
//	             every generation ───────► layers      upper and work of each folder, and files
//	                                        │
//	                                        ▼
//	                                       a volume a folder: their overlay
//
// A service gets volumes by their names and files in a folder that only the
// engine can reach, so that no path is followed through what a container can
// write. Where the engine's disk cannot be overlaid, layers holds whole copies.

// prepareCopies makes the copies, and lets the stack mount them.
func (h *shape) prepareCopies(ctx context.Context) error {
	if err := h.settleDatabase(ctx); err != nil { // what is mounted for data is not copied
		return err
	}
	h.shaping.Lock()
	defer h.shaping.Unlock()
	h.written = h.stack.Load().Project()
	source := h.options.Source
	plan, changes, err := compose.PlanCopies(h.written, cmp.Or(source.Root, source.Dir), source.Dir, h.options.Mounts)
	if err != nil {
		return err
	}
	h.result.Changes = slices.Concat(h.result.Changes, changes)
	if len(plan.Parts) == 0 {
		return nil
	}
	c := &copies{shape: h, Copies: plan}
	if err := c.prepare(ctx); err != nil {
		return fmt.Errorf("copy the checkout: %w", err)
	}
	own, err := plan.Place(h.written, compose.Places{
		Base: c.base.Mountpoint, Layers: c.layers.Mountpoint, Labels: h.volumeLabels(), Reuse: h.carried,
	})
	if err != nil {
		return err
	}
	h.stack.Store(h.stack.Load().With(own))
	return nil
}

// volumeLabels are those of a volume that this generation makes.
func (j *job) volumeLabels() map[string]string {
	labels := j.next.labels()
	delete(labels, labelGeneration)
	labels[labelVolumeOf] = strconv.Itoa(j.next.Number)
	return labels
}

// copies are being prepared.
type copies struct {
	*shape
	*compose.Copies
	root         *os.Root
	image        string // of the program that copies
	base, layers volume.Volume
	entries      []worktree.Entry // of the folders
}

func (c *copies) prepare(ctx context.Context) (err error) {
	if len(c.Copied(true))+len(c.Copied(false)) == 0 {
		return nil
	}
	if c.root, err = os.OpenRoot(c.Root); err != nil {
		return err
	}
	defer c.root.Close()
	if c.image, err = c.programImage(ctx); err != nil {
		return err
	}
	if c.layers, err = c.volume(ctx, layersVolume, nil); err != nil {
		return err
	}
	if err := c.folders(ctx); err != nil {
		return err
	}
	return c.unpack(ctx, c.layers.Name, c.writeLayers)
}

// The volumes of a generation that hold its copies, by how their names end.
const (
	layersVolume = "_layers"
	baseVolume   = "_base"
)

// volume makes a volume of the generation's that containers do not mount
// themselves.
func (c *copies) volume(ctx context.Context, suffix string, more map[string]string) (volume.Volume, error) {
	labels := c.volumeLabels()
	maps.Copy(labels, more)
	name := c.next.Preview.project(c.next.Number) + suffix
	made, err := createVolume(ctx, c.Docker.Client(), volume.CreateOptions{Name: name, Labels: labels})
	if err == nil && made.Labels[labelPreview] != c.next.Preview.ID {
		err = fmt.Errorf("volume %s %w", made.Name, errForeign)
	}
	if err == nil {
		c.held = append(c.held, made.Name)
	}
	return made, err
}

// folders copies the folders: once for what is in them, or into the layers
// where these cannot lie over anything.
func (c *copies) folders(ctx context.Context) error {
	if len(c.Copied(true)) == 0 {
		return nil
	}
	var err error
	if c.entries, err = c.list(ctx); err != nil {
		return err
	}
	overlay, err := c.canOverlay(ctx)
	if err != nil {
		return err
	}
	seen, err := worktree.LookAt(c.root, c.entries)
	if err != nil {
		return err
	}
	c.tellLeftOut(seen.LeftOut)
	if !overlay {
		return c.copyInto(ctx, c.layers.Name, seen)
	}
	if found, err := c.servingBase(ctx, seen.Fingerprint); err != nil || found != nil {
		if found != nil {
			c.base = *found
			c.held = append(c.held, found.Name)
		}
		return err
	}
	if c.base, err = c.volume(ctx, baseVolume, map[string]string{labelFiles: seen.Fingerprint}); err != nil {
		return err
	}
	return c.copyInto(ctx, c.base.Name, seen)
}

// tellLeftOut names a few of the files that are none: what reads them would
// wait, or find nobody.
func (c *copies) tellLeftOut(names []string) {
	if len(names) == 0 {
		return
	}
	few := slices.Clone(names[:min(3, len(names))])
	for i, name := range few {
		few[i] = printable(name)
	}
	text := strings.Join(few, ", ")
	if more := len(names) - len(few); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	c.notice("not in the copy of the checkout: %s (named pipes, sockets and devices cannot be copied)", text)
}

// list says what is to be copied: what git sees, and what the compose project
// names though git ignores it. The data of a database that the developer runs
// is for nobody to see, and changes while it is read.
func (c *copies) list(ctx context.Context) ([]worktree.Entry, error) {
	paths, err := worktree.List(ctx, c.Root)
	if err != nil {
		return nil, err
	}
	needed, err := compose.Files(ctx, c.source())
	if err != nil {
		return nil, err
	}
	needed = slices.DeleteFunc(needed, func(path string) bool { return slices.Contains(c.unmounted, path) })
	for _, i := range c.Copied(true) {
		needed = append(needed, filepath.Join(c.Root, filepath.FromSlash(c.Parts[i].Path)))
	}
	if paths, err = worktree.AddNeeded(c.Root, paths, needed); err != nil {
		return nil, err
	}
	copied := c.Copied(true)
	return slices.DeleteFunc(worktree.Divide(c.Folders(), paths), func(e worktree.Entry) bool {
		return !slices.Contains(copied, e.Of())
	}), nil
}

// canOverlay tells whether folders on the engine's disk can lie over others: it
// does so itself with its images then.
func (c *copies) canOverlay(ctx context.Context) (bool, error) {
	info, err := c.Docker.Client().Info(ctx)
	return slices.Contains([]string{"overlay2", "overlayfs"}, info.Driver), err
}

// servingBase finds the base of the generation that serves, where it is of the
// same content. One that serves has a whole one.
func (c *copies) servingBase(ctx context.Context, print string) (*volume.Volume, error) {
	if c.serving.Number == 0 {
		return nil, nil
	}
	api := c.Docker.Client()
	s, err := look(ctx, api, c.serving.Preview.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range s.volumes {
		if v.Labels[labelFiles] != print || !s.holds(c.serving, v.Name) {
			continue
		}
		found, err := api.VolumeInspect(ctx, v.Name)
		if notFound(err) {
			return nil, nil
		}
		return &found, err
	}
	return nil, nil
}

// holds tells whether a container of a generation has a volume.
func (s survey) holds(g generation, name string) bool {
	return slices.ContainsFunc(s.containers, func(b seenContainer) bool {
		return b.preview() == g.Preview.ID && generationOf(b.Labels).Number == g.Number &&
			slices.Contains(b.Volumes, name)
	})
}

// Up to so much is sent as an archive sooner than a container starts.
const (
	fewBytes   = 16 << 20
	fewEntries = 1000
)

// copyInto copies the folders into a volume: by a program beside the engine,
// which can share blocks, or as an archive, where that is little, or where the
// engine is on another computer and has not got the checkout.
func (c *copies) copyInto(ctx context.Context, name string, seen worktree.Look) error {
	began := time.Now()
	reply := gateway.CopyReply{Elsewhere: seen.Bytes <= fewBytes && seen.Entries <= fewEntries}
	if !reply.Elsewhere {
		var err error
		if reply, err = c.copyThere(ctx, name); err != nil {
			return err
		}
	}
	if reply.Elsewhere {
		return c.unpack(ctx, name, func(w *tar.Writer) error { return c.write(w, c.entries...) })
	}
	how := "copied"
	if reply.Shared {
		how = "shared"
	}
	c.progress(ctx, "",
		fmt.Sprintf("%d files, %d MB %s in %.1f s", reply.Files, reply.Bytes>>20, how, time.Since(began).Seconds()))
	return nil
}

func (c *copies) copyThere(ctx context.Context, name string) (reply gateway.CopyReply, err error) {
	request := gateway.CopyRequest{Entries: c.entries}
	if request.Folder, err = worktree.Identity(c.root); err != nil {
		return reply, err
	}
	text, err := json.Marshal(request)
	if err != nil {
		return reply, err
	}
	config := &container.Config{
		Image: c.image, Cmd: []string{"gateway", "copy", "/from", "/to"}, User: "0:0",
		Labels: c.next.everyLabel(),
	}
	host := copyHost(name, name)
	host.Mounts[0] = mount.Mount{
		Type: mount.TypeBind, Source: c.Root, Target: "/from", ReadOnly: true,
		BindOptions: &mount.BindOptions{NonRecursive: true},
	}
	said, err := c.runOnce(ctx, config, host, c.next.Preview.project(c.next.Number)+"-copy", bytes.NewReader(text))
	if err != nil && strings.Contains(err.Error(), "bind source path does not exist") {
		return gateway.CopyReply{Elsewhere: true}, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(said), &reply)
	}
	return reply, err
}

// writeLayers writes what is the generation's own: the folders that overlays
// need, as the folder below them is, and files.
func (c *copies) writeLayers(w *tar.Writer) error {
	for _, i := range c.Copied(false) {
		file := worktree.Entry{From: c.Parts[i].Path, To: strconv.Itoa(i)}
		if err := c.write(w, file); err != nil {
			return err
		}
	}
	if c.base.Name == "" {
		return nil
	}
	for _, i := range c.Copied(true) {
		for _, folder := range []string{compose.Upper(i), compose.Work(i)} {
			h, err := worktree.Header(c.root,
				worktree.Entry{From: c.Parts[i].Path, To: path.Join(unpackTo, folder) + "/"})
			if err != nil {
				return err
			}
			if err := w.WriteHeader(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// unpackTo is where a volume is in the container that it is unpacked through.
const unpackTo = "to"

// write writes entries for unpack.
func (c *copies) write(w *tar.Writer, entries ...worktree.Entry) error {
	placed := make([]worktree.Entry, len(entries))
	for i, e := range entries {
		placed[i] = worktree.Entry{From: e.From, To: path.Join(unpackTo, e.To)}
	}
	return worktree.WriteTar(w, c.root, placed)
}

// unpack puts files into a volume, by the engine: through a container that has
// it, and never runs. The names begin at the container's root: the engine
// refuses links that lead above the folder it is told to unpack into, and those
// of a folder that is mounted alone lead to its neighbours (../../packages).
func (c *copies) unpack(ctx context.Context, name string, write func(*tar.Writer) error) (err error) {
	api := c.Docker.Client()
	config := &container.Config{Image: c.image, Cmd: []string{"gateway", "copy"}, Labels: c.next.everyLabel()}
	host := copyHost(name, name)
	host.Mounts = host.Mounts[1:]
	created, err := api.ContainerCreate(ctx, config, host, nil, nil, c.next.Preview.project(c.next.Number)+"-unpack")
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := sturdy(ctx)
		defer cancel()
		if removed := api.ContainerRemove(ctx, created.ID, container.RemoveOptions{Force: true}); removed != nil &&
			!notFound(removed) {
			err = errors.Join(err, removed)
		}
	}()
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	go func() {
		w := tar.NewWriter(writer)
		err := write(w)
		if err == nil {
			err = w.Close()
		}
		writer.CloseWithError(err)
		written <- err
	}()
	err = api.CopyToContainer(ctx, created.ID, "/", reader, container.CopyToContainerOptions{})
	_ = reader.Close() // ends the writer where the engine gave up
	if failed := <-written; failed != nil && !errors.Is(failed, io.ErrClosedPipe) {
		return failed
	}
	return err
}
