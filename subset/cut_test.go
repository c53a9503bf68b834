package subset_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset"
	"github.com/offshoot-dev/offshoot/subset/plan"
	"github.com/offshoot-dev/offshoot/subset/sink"
)

// wire is a proxy to a server that is cut, all connections at once and for
// good, after so many bytes of the server's have passed.
type wire struct {
	listener net.Listener
	server   string
	left     atomic.Int64
	passed   atomic.Int64
	open     sync.WaitGroup
	whole    context.Context
	cut      context.CancelFunc
}

func newWire(t *testing.T, server string, most int64) *wire {
	t.Helper()
	w := &wire{server: server}
	w.left.Store(most)
	w.whole, w.cut = context.WithCancel(context.Background())
	var err error
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(w.whole, func() { _ = w.listener.Close() })
	w.open.Go(w.accept)
	t.Cleanup(func() {
		w.cut()
		w.open.Wait()
	})
	return w
}

func (w *wire) port() int { return w.listener.Addr().(*net.TCPAddr).Port }

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		context.AfterFunc(w.whole, func() { _ = client.Close(); _ = server.Close() })
		w.open.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
		w.open.Go(func() { _, _ = io.Copy(client, metered{server, w}); _ = client.Close() })
	}
}

// metered is what comes from the server.
type metered struct {
	io.Reader
	wire *wire
}

func (m metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.wire.passed.Add(int64(n))
	if m.wire.left.Add(-int64(n)) < 0 {
		m.wire.cut()
		return 0, io.EOF
	}
	return n, err
}

// attempt is one subset, from its first connection to its end.
func attempt(t *testing.T, url, to string, replace bool) error {
	t.Helper()
	s, err := subset.Open(t.Context(),
		plan.Spec{URL: url, Connections: 2, Tables: map[string]plan.Rule{"public.address": {All: true}}})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close(t.Context()) }()
	p, err := s.Plan(t.Context())
	if err != nil {
		return err
	}
	target, err := sink.Open(to, sink.Options{Replace: replace})
	if err != nil {
		return err
	}
	_, err = s.Run(t.Context(), p, target, nil)
	return err
}

// cutAt runs attempts over wires that are cut at moments from the first
// connection to the last row, and checks after each.
func cutAt(t *testing.T, url, to string, replace bool, check func(t *testing.T)) {
	t.Helper()
	whole := newWire(t, address(t, url), 1<<40)
	if err := attempt(t, pgtest.WithPort(t, url, whole.port()), to, replace); err != nil {
		t.Fatal(err)
	}
	// The rows come last, after a catalog that is larger.
	for _, i := range []int64{0, 10, 25, 50, 75, 90, 95, 97, 98, 99} {
		w := newWire(t, address(t, url), whole.passed.Load()*i/100)
		err := attempt(t, pgtest.WithPort(t, url, w.port()), to, true)
		if err == nil {
			t.Errorf("cut at %d %%: no error", i)
			continue
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("cut at %d %%: not one line: %v", i, err)
		}
		check(t)
	}
}

func TestRun_LeavesTheOldFileWhenTheSourceIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.sql")
	var old []byte
	cutAt(t, fixture(t, "keys.sql"), path, false, func(t *testing.T) {
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if old == nil {
			old = now
		}
		if string(now) != string(old) || !strings.Contains(string(now), "ANALYZE") {
			t.Error("the file is another")
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("files %v", entries)
		}
	})
}

func TestRun_LeavesNothingInADatabaseWhenTheSourceIsCutOff(t *testing.T) {
	t.Parallel()
	to := pgtest.New(t)
	touched := 0
	cutAt(t, fixture(t, "keys.sql"), to, false, func(t *testing.T) {
		const left = `SELECT (SELECT count(*) FROM pg_class WHERE oid >= 16384), (SELECT count(*) FROM pg_type WHERE oid >= 16384),
			coalesce((SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()), '')`
		got := pgtest.Query(t, to, left)[0]
		if got[0] == "0" {
			touched++
		}
		// Cut before the target was touched, it holds what it held; never a part.
		whole := touched == 0 &&
			pgtest.Value(t, to,
				"SELECT (SELECT count(*) FROM address) || ' ' || (SELECT count(*) FROM pg_constraint WHERE contype "+
					"= 'f')") == "3000 12"
		if !whole && (got[0] != "0" || got[1] != "0") || got[2] != "" {
			t.Errorf("%s relations, %s types, comment %q are left", got[0], got[1], got[2])
		}
	})
	if touched == 0 {
		t.Error("no moment came after the target was touched")
	}
}
