package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Command is the hidden `offshoot gateway`, which only offshoot itself runs,
// inside the gateway's container:
//
//	gateway [serve] [-listen :8480] [-network 172.18.0.0/16] [-https :8443 [-acme FILE]]
//	gateway load                       a table on standard input
//	gateway give                       a certificate and its key on standard input
//	gateway sign                       what is to be signed on standard input
//	gateway digest                     a digest made with a key, of standard input
//	gateway forget                     what lets in, and certificates
//	gateway hold                       nothing, until it is told to end
//	gateway clone [-sync] FROM TO      one folder into another
//	gateway copy FROM TO               parts of a checkout, named on standard input
//	gateway certificates               how it stands about them, as JSON
//	gateway resolver                   the DNS server outside of the engine
//	gateway probe HOST PORT LINK       what answers there, as JSON
func Command(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	verb := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	switch verb {
	case "serve":
		return commandServe(ctx, args)
	case "load":
		return commandLoad(ctx, args, stdin)
	case "certificates":
		return commandCertificates(ctx, args, stdout)
	case "give":
		return commandGive(ctx, args, stdin)
	case "clone":
		return commandClone(args, stdout)
	case "copy":
		return commandCopy(args, stdin, stdout)
	case "digest":
		return commandDigest(args, stdin, stdout)
	case "forget":
		return commandForget(args)
	case "hold":
		return hold(ctx)
	case "sign":
		return commandSign(args, stdin, stdout)
	case "resolver":
		return commandResolver(stdout)
	case "probe":
		return commandProbe(ctx, args, stdout)
	}
	return fmt.Errorf("gateway: unknown command %q", verb)
}

func commandServe(ctx context.Context, args []string) error {
	var options Options
	flags := newFlags(&options.Socket)
	flags.StringVar(&options.Listen, "listen", "", "")
	flags.StringVar(&options.HTTPS, "https", "", "")
	flags.IntVar(&options.HTTPSPort, "https-port", 0, "")
	flags.StringVar(&options.ACME.Resolver, "resolver", "", "")
	flags.Func("acme", "", options.ACME.read)
	flags.StringVar(&options.File, "file", "", "")
	flags.StringVar(&options.Kept, "kept", "", "")
	flags.Func("network", "", func(value string) error {
		network, err := netip.ParsePrefix(value)
		options.Networks = append(options.Networks, network)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("gateway serve: %w", err)
	}
	return Serve(ctx, options)
}

func commandLoad(ctx context.Context, args []string, stdin io.Reader) error {
	var options Options
	if err := newFlags(&options.Socket).Parse(args); err != nil {
		return fmt.Errorf("gateway load: %w", err)
	}
	return load(ctx, options.withDefaults().Socket, stdin)
}

func commandCertificates(ctx context.Context, args []string, stdout io.Writer) error {
	var options Options
	if err := newFlags(&options.Socket).Parse(args); err != nil {
		return fmt.Errorf("gateway certificates: %w", err)
	}
	return printCertificates(ctx, options.withDefaults().Socket, stdout)
}

func commandProbe(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 3 {
		return errors.New("gateway probe: want a host, a port and a link")
	}
	link, err := url.Parse(args[2])
	if err != nil || link.Host == "" {
		return errors.New("gateway probe: the link is not an address")
	}
	return json.NewEncoder(stdout).Encode(probe(ctx, net.JoinHostPort(args[0], args[1]), link, listenFor))
}

func newFlags(socket *string) *flag.FlagSet {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(socket, "socket", "", "")
	return flags
}
