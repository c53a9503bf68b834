package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// maxTable bounds what the socket takes; a route is some 300 bytes.
const maxTable = 16 << 20

// adminHandler takes a new table: it is checked, stored and then served, so
// an answer of 200 means that the next request already sees it.
func (g *Gateway) adminHandler(file string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /routes", func(w http.ResponseWriter, r *http.Request) {
		table, err := readTable(http.MaxBytesReader(w, r.Body, maxTable))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := table.store(file); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		g.Use(table)
	})
	mux.HandleFunc("PUT /given", g.takeGiven)
	mux.HandleFunc("GET /certificates", func(w http.ResponseWriter, _ *http.Request) {
		list := []CertificateStatus{}
		if g.certificates != nil {
			list = g.certificates.status()
		}
		_ = json.NewEncoder(w).Encode(list)
	})
	return mux
}

// restore serves the table that was stored before; none is an empty one.
func (g *Gateway) restore(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	defer file.Close()
	table, err := readTable(file)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	g.Use(table)
	return nil
}

// load hands the table read from r to the gateway at socket.
func load(ctx context.Context, socket string, r io.Reader) error {
	body, err := io.ReadAll(io.LimitReader(r, maxTable))
	if err != nil {
		return fmt.Errorf("gateway load: %w", err)
	}
	return put(ctx, "gateway load", socket, "/routes", body)
}

// put hands something to the gateway at socket. It waits for a gateway that has
// only just been started.
func put(ctx context.Context, verb, socket, path string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://gateway"+path, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
		response, err := through(socket).Do(request)
		if err == nil {
			return checkAnswer(verb, response)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", verb, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// through is a client of the gateway at a socket.
func through(socket string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

// printCertificates asks the gateway at socket.
func printCertificates(ctx context.Context, socket string, stdout io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/certificates", nil)
	if err != nil {
		return fmt.Errorf("gateway certificates: %w", err)
	}
	response, err := through(socket).Do(request)
	if err != nil {
		return fmt.Errorf("gateway certificates: %w", err)
	}
	defer response.Body.Close()
	_, err = io.Copy(stdout, response.Body)
	return err
}

func checkAnswer(verb string, response *http.Response) error {
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	reason, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
	return fmt.Errorf("%s: %s: %s", verb, response.Status, bytes.TrimSpace(reason))
}
