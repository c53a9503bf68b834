package provision_test

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"

	"github.com/offshoot-dev/offshoot/provision"
)

// shapeImages are what the shapes' files name: interpreters that are all bash,
// beside psql, and servers that keep data.
var shapeImages = []struct {
	dockerfile string
	names      []string
}{
	{
		"FROM " + provision.PostgresImage + "\nCOPY root/ /\nENV PG_MAJOR=\nENTRYPOINT []\nSTOPSIGNAL SIGKILL\n",
		[]string{"ruby:3.3", "python:3.12", "node:22"},
	},
	{serverOf(":3306", "/var/lib/mysql") + "ENV MYSQL_MAJOR=8.4\n", []string{"mysql:8.4"}},
	{serverOf(":6379", "/data"), []string{"redis:7"}},
	{serverOf(":27017", "/data/db"), []string{"mongo:7"}},
}

func serverOf(address, folder string) string {
	return `FROM scratch
COPY root/program /program
VOLUME ` + folder + `
ENTRYPOINT ["/program", "keep", "` + address + `", "` + folder + `"]
`
}

// makeImages builds them by names that nobody else has.
func makeImages(t *testing.T, e provision.Engine, prefix string) {
	t.Helper()
	content := []byte(read(t, programPath(t)))
	for _, made := range shapeImages {
		var names []string
		for _, name := range made.names {
			names = append(names, prefix+"/"+name)
		}
		options := build.ImageBuildOptions{Tags: names, Remove: true, ForceRemove: true, Version: build.BuilderV1}
		response, err := e.Docker.Client().ImageBuild(t.Context(), buildContext(t, made.dockerfile, content), options)
		if err != nil {
			t.Fatal(err)
		}
		output, err := io.ReadAll(response.Body)
		if closed := response.Body.Close(); err != nil || closed != nil || bytes.Contains(output, []byte(`"error"`)) {
			t.Fatalf("build %s: %v, %v: %s", names[0], err, closed, output)
		}
		t.Cleanup(func() { removeImages(t, e, names) })
	}
	// A database that nothing is asked.
	idle := prefix + "/postgres:15"
	if err := e.Docker.Client().ImageTag(t.Context(), imageOfProgram(t), idle); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeImages(t, e, []string{idle}) })
}

func removeImages(t *testing.T, e provision.Engine, names []string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // which has ended
	for _, name := range names {
		if _, err := e.Docker.Client().ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true}); err != nil {
			t.Error(err)
		}
	}
}

func buildContext(t *testing.T, dockerfile string, program []byte) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(h tar.Header, content []byte) {
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	put(tar.Header{Name: "Dockerfile", Mode: 0o644}, []byte(dockerfile))
	put(tar.Header{Name: "root/program", Mode: 0o755}, program)
	for _, name := range []string{"ruby", "python", "node", "npm"} {
		put(tar.Header{Typeflag: tar.TypeSymlink, Name: "root/usr/local/bin/" + name, Linkname: "/bin/bash"}, nil)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}
