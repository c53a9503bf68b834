package pgtest

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// OnDisk has the cluster made on a disk, though there may be room in memory. It
// must not be running yet.
func OnDisk(t testing.TB) {
	t.Helper()
	one.Lock()
	defer one.Unlock()
	if one.cluster != nil {
		t.Fatal("the cluster is running already")
	}
	one.onDisk = true
}

// Restart stops the cluster, which writes down all that it holds in memory, has
// meanwhile done and starts it on the same port. Nobody may be connected.
func Restart(t testing.TB, meanwhile func()) {
	t.Helper()
	c := running(t)
	sessions.close(context.Background(), func(string) bool { return true })
	stop := c.command(c.bin+"/pg_ctl", "stop", "--wait", "--mode=fast", "--pgdata="+filepath.Join(c.dir, "data"))
	if out, err := stop.CombinedOutput(); err != nil {
		t.Fatalf("stop PostgreSQL: %v: %s", err, tail(out))
	}
	meanwhile()
	if err := c.serveOn("data", c.port, nil); err != nil {
		t.Fatal(fmt.Errorf("start PostgreSQL again: %w", err))
	}
}
