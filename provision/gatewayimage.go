package provision

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// gatewayBinary is where offshoot is in the gateway's image, which has nothing
// else in it.
const gatewayBinary = "/offshoot"

// ensureGatewayImage makes an image of the binary, tagged by its digest, where
// the engine has none yet.
func ensureGatewayImage(ctx context.Context, api client.APIClient, name, binary string) (string, error) {
	file, err := os.Open(binary)
	if err != nil {
		return "", fmt.Errorf("image of the gateway: %w", err)
	}
	defer file.Close()
	if err := checkStatic(file); err != nil {
		return "", fmt.Errorf("image of the gateway: %s: %w", binary, err)
	}
	digest := sha256.New()
	size, err := io.Copy(digest, file)
	if err != nil {
		return "", fmt.Errorf("image of the gateway: %w", err)
	}
	ref := name + ":" + hex.EncodeToString(digest.Sum(nil))[:12]
	found, err := api.ImageInspect(ctx, ref)
	if err == nil && found.Config != nil && found.Config.Labels[labelGateway] != "" {
		return ref, nil
	}
	if err != nil && !notFound(err) {
		return "", fmt.Errorf("image of the gateway: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("image of the gateway: %w", err)
	}
	if err := importImage(ctx, api, name, ref, file, size); err != nil {
		return "", fmt.Errorf("image of the gateway: %w", err)
	}
	return ref, nil
}

// checkStatic refuses a binary that an empty image cannot run.
func checkStatic(file *os.File) error {
	program, err := elf.NewFile(file)
	if err != nil {
		return hint.Wrap(errors.New("not a linux executable"), "put offshoot-linux-ARCH beside offshoot")
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return hint.Wrap(errors.New("dynamically linked"), "build offshoot with CGO_ENABLED=0, as make build does")
		}
	}
	return nil
}

func importImage(ctx context.Context, api client.APIClient, name, ref string, binary io.Reader, size int64) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(writeImage(writer, binary, size)) }()
	progress, err := api.ImageImport(ctx, image.ImportSource{Source: reader, SourceName: "-"}, ref, image.ImportOptions{
		Changes: []string{
			`ENTRYPOINT ["` + gatewayBinary + `"]`,
			"LABEL " + labelGateway + "=" + name,
			"USER 65534:65534",
		},
	})
	if err != nil {
		return errors.Join(err, reader.Close())
	}
	_, err = io.Copy(io.Discard, progress)
	return errors.Join(err, progress.Close(), reader.Close())
}

// writeImage writes the file system: the binary, and the folders that it may
// write in.
func writeImage(w io.Writer, binary io.Reader, size int64) error {
	archive := tar.NewWriter(w)
	entries := []tar.Header{
		{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777},
		{Typeflag: tar.TypeDir, Name: "run/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "run/offshoot/", Mode: 0o700, Uid: 65534, Gid: 65534},
		{Typeflag: tar.TypeDir, Name: "var/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "var/offshoot/", Mode: 0o700, Uid: 65534, Gid: 65534},
		{Typeflag: tar.TypeReg, Name: gatewayBinary[1:], Mode: 0o755, Size: size},
	}
	for _, entry := range entries {
		entry.ModTime = time.Unix(0, 0) // the same binary, the same image
		if err := archive.WriteHeader(&entry); err != nil {
			return err
		}
	}
	if _, err := io.Copy(archive, binary); err != nil {
		return err
	}
	return archive.Close()
}

// removeGatewayImages removes those made of other binaries, but for those that
// a keeper still runs.
func removeGatewayImages(ctx context.Context, api client.APIClient, name, keep string) error {
	images, err := api.ImageList(ctx,
		image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelGateway+"="+name))})
	if err != nil {
		return fmt.Errorf("images of the gateway: %w", err)
	}
	for _, found := range images {
		if slices.Contains(found.RepoTags, keep) {
			continue
		}
		_, err := api.ImageRemove(ctx, found.ID, image.RemoveOptions{Force: true, PruneChildren: true})
		if err != nil && !notFound(err) && !cerrdefs.IsConflict(err) {
			return fmt.Errorf("images of the gateway: %w", err)
		}
	}
	return nil
}
