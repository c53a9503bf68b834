package stall_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/stall"
)

const soon = 100 * time.Millisecond

// standing accepts, sends some bytes, and then nothing, and takes nothing.
func standing(t *testing.T, says string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, says)
			open = append(open, c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
		for _, c := range open {
			c.Close()
		}
	})
	return l.Addr().String()
}

func stalled(t *testing.T, err error) {
	t.Helper()
	var stood *stall.Error
	var network net.Error
	if !errors.As(err, &stood) || !errors.As(err, &network) || !network.Timeout() ||
		!strings.Contains(err.Error(), "no byte for 100ms") {
		t.Errorf("error %v", err)
	}
}

func TestConn_EndsWhenNoByteComes(t *testing.T) {
	c, err := stall.Dialer{After: soon}.DialContext(t.Context(), "tcp", standing(t, "some bytes"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := io.ReadAll(c)
	if stalled(t, err); string(got) != "some bytes" {
		t.Errorf("read %q", got)
	}
}

func TestConn_EndsWhenNoByteGoes(t *testing.T) {
	c, err := stall.Dialer{After: soon}.DialContext(t.Context(), "tcp", standing(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = io.Copy(c, endless{}) // more than any buffer holds
	stalled(t, err)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Many more terms than one, with a byte in each: of the answer, or of what is
// sent, while the answer waits.
func TestConn_LivesAsLongAsBytesGo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for range 10 { // it takes ten bytes, and then answers with ten
			if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
				return
			}
		}
		for range 10 {
			<-time.After(soon / 4)
			if _, err := c.Write([]byte("b")); err != nil {
				return
			}
		}
	}()
	c, err := stall.Dialer{After: soon}.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := io.ReadAll(c) // waits all the while
		answered <- answer{text, err}
	}()
	for range 10 {
		<-time.After(soon / 4)
		if _, err := c.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-answered; got.err != nil || string(got.text) != "bbbbbbbbbb" {
		t.Errorf("read %q, %v", got.text, got.err)
	}
}

func TestTransport_CarriesRequestsAndEndsThoseThatStand(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request,
	) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	client := &http.Client{Transport: stall.Dialer{After: soon}.Transport()}
	large := bytes.Repeat([]byte("x"), 1<<20)
	reply, err := client.Post(server.URL, "", bytes.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(reply.Body)
	if reply.Body.Close(); err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+standing(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if reply, err = client.Do(request); err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	_, err = io.ReadAll(reply.Body)
	stalled(t, err)
}

func TestReader_TellsWhenNobodyComesForMore(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &stall.Reader{From: strings.NewReader("abc"), After: soon, Stalled: cancel}
	if n, err := r.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	<-ctx.Done()
	stalled(t, context.Cause(ctx))
}

func TestReader_WaitsWhileTheOtherSideShowsLife(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &stall.Reader{From: strings.NewReader("abc"), After: soon, Stalled: cancel}
	_, _ = r.Read(make([]byte, 1))
	began := time.Now()
	for time.Since(began) < 3*soon {
		<-time.After(soon / 4)
		_, _ = r.Write([]byte("\n"))
		if ctx.Err() != nil {
			t.Fatal(context.Cause(ctx))
		}
	}
	<-ctx.Done()
	stalled(t, context.Cause(ctx))
}

func TestReader_IsSilentOverWhatTakesLongAndOverTheEnd(t *testing.T) {
	called := make(chan error, 1)
	r := &stall.Reader{From: slow{strings.NewReader("abc")}, After: soon, Stalled: func(err error) { called <- err }}
	if got, err := io.ReadAll(r); err != nil || string(got) != "abc" {
		t.Errorf("%q, %v", got, err)
	}
	again := &stall.Reader{From: strings.NewReader("abc"), After: soon, Stalled: func(err error) { called <- err }}
	_, _ = again.Read(make([]byte, 1))
	again.Stop()
	select {
	case err := <-called:
		t.Errorf("told %v", err)
	case <-time.After(2 * soon):
	}
}

// slow has to be waited for: that is not the reader's doing.
type slow struct{ io.Reader }

func (s slow) Read(p []byte) (int, error) {
	<-time.After(2 * soon)
	return s.Reader.Read(p[:1])
}
