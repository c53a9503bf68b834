// Command program is what the containers of the tests run: the gateway, as
// offshoot itself would, and a small web application.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case slices.Contains([]string{"sh", "pg_isready"}, filepath.Base(os.Args[0])):
		return nil // of a database that no test asks anything
	case len(args) > 1 && args[0] == "swap":
		return swap(ctx, args[1:])
	case len(args) > 1 && args[0] == "there":
		_, err := os.Lstat(args[1])
		return err
	case len(args) == 0 || args[0] == "sleep":
		<-ctx.Done()
		return nil
	case len(args) > 1 && args[0] == "data": // of a database that is to be kept
		if err := os.WriteFile(filepath.Join(args[1], "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	case len(args) > 0 && args[0] == "gateway":
		return gateway.Command(ctx, args[1:], os.Stdin, os.Stdout)
	case len(args) > 1 && args[0] == "web":
		return web(ctx, args[1])
	case len(args) > 2 && args[0] == "greet":
		return greet(ctx, args[1], args[2])
	case len(args) > 2 && args[0] == "application":
		return runApplication(ctx, args[1], args[2:])
	case len(args) > 2 && args[0] == "keep":
		return keep(ctx, args[1], args[2])
	case len(args) > 1 && args[0] == "say":
		fmt.Println(args[1])
		return nil
	case len(args) > 1 && args[0] == "fail":
		return fmt.Errorf("%s", args[1])
	}
	return fmt.Errorf("unknown arguments %q", args)
}

// web answers with its greeting, and tells where it can connect to.
func web(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		if status, err := strconv.Atoi(os.Getenv("STATUS")); err == nil {
			w.WriteHeader(status)
		}
		fmt.Fprint(w, os.Getenv("GREETING"))
	})
	mux.HandleFunc("/dial", func(w http.ResponseWriter, r *http.Request) {
		conn, err := net.DialTimeout("tcp", r.FormValue("to"), 2*time.Second)
		if err != nil {
			fmt.Fprint(w, "no")
			return
		}
		conn.Close()
		fmt.Fprint(w, "yes")
	})
	mux.HandleFunc("/get",
		func(w http.ResponseWriter, r *http.Request) { get(w, r.FormValue("from"), r.FormValue("host")) })
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { <-ctx.Done(); server.Close() }()
	fmt.Println("listening on", address)
	return server.ListenAndServe()
}

// get asks another server for a page under a host name.
func get(w http.ResponseWriter, from, host string) {
	request, err := http.NewRequest(http.MethodGet, "http://"+from+"/", nil)
	if err != nil {
		fmt.Fprint(w, "bad request")
		return
	}
	request.Host = host
	client := &http.Client{Timeout: 2 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		fmt.Fprint(w, "no answer")
		return
	}
	defer response.Body.Close()
	fmt.Fprint(w, response.Status)
}

// greet says the same to whoever connects, as a mail server would.
func greet(ctx context.Context, address, text string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	go func() { <-ctx.Done(); listener.Close() }()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			fmt.Fprintln(conn, text)
			_, _ = io.Copy(io.Discard, conn)
		}()
	}
}
