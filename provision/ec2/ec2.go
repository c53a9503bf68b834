// Package ec2 has machines for previews on Amazon EC2.
//
//	Spec ─► standing? ──yes──► start ─┐
//	            │no                   ▼
//	            └► network, group, image ─► attempts ─► RunInstances ─► wait ─► settle ─► Machine
//	                                         (type × zone × market)
//
// An instance, its volume and its interface bear all labels from the very call
// that makes them, so that there is no moment at which one of them could leak
// without a name. An instance that is shut down terminates, and a timer on it
// shuts it down when it expires.
package ec2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2instanceconnect"
	"github.com/aws/smithy-go/logging"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Options say what the machines are like.
type Options struct {
	Region  string   // empty: what AWS's own configuration says
	Types   []string // instance types, the first to be had is taken; empty: DefaultTypes
	Image   string   // Ubuntu, AmazonLinux or the id of an AMI; empty: Ubuntu
	Subnets []string // ids, all in one VPC; empty: those of the default VPC
	// SecurityGroup is the id of one to use as it is. Empty: one that all
	// machines share, which is made and kept.
	SecurityGroup string
	// SSH lists the networks that may reach SSH; empty: the address that this
	// computer has on the internet. Without meaning for a given group.
	SSH []netip.Prefix
	// Connect says how machines are reached: ConnectPublic, ConnectPrivate or
	// ConnectEndpoint; empty: ConnectPublic.
	Connect string
	Spot    bool   // ask for spot capacity first
	Disk    int    // GB of the root volume; 0: DefaultDisk
	Profile string // name of an instance profile; empty: the machine has no rights at AWS
	// Bare machines have no engine. Who logs in may do there what root may: nothing of
	// others runs on them.
	Bare bool

	// LoginKey is the private key, in PEM, that logs in to the machines.
	// Without it Ensure and Connect are refused, unless by InstanceConnect.
	LoginKey []byte
	// InstanceConnect logs in with a key of the moment, which EC2 Instance
	// Connect hands to the machine, and not with the LoginKey.
	InstanceConnect bool

	// Repository is the one whose rights Check and Rights ask for, as the labels
	// of its machines name it: a key may have no other's.
	Repository string

	// Patience is how long to wait for a machine to run or to be reached; 0:
	// five minutes.
	Patience time.Duration

	// What follows is for tests.

	Endpoint string // of the API; empty: AWS's, or AWS_ENDPOINT_URL
	Clock    Clock
	Caller   func(context.Context) (netip.Addr, error) // finds this computer's address
	SSHPort  int                                       // where Connect dials; 0: sshPort
	Tunnels  *http.Client                              // reaches endpoints of EC2 Instance Connect
	Answer   time.Duration                             // how long one attempt to connect may take; 0: ten seconds
	User     string                                    // whom Connect logs in as; empty: loginUser
	Ready    string                                    // where the bootstrap leaves its marks; empty: readyFolder
}

// Ways to machines.
const (
	ConnectPublic = "public" // by the address that they have on the internet
	// by the one that they have in their VPC, where this computer is in it or has a VPN
	ConnectPrivate  = "private"
	ConnectEndpoint = "instance-connect-endpoint" // through an EC2 Instance Connect Endpoint
)

// Defaults of the options.
const (
	Ubuntu      = "ubuntu"
	AmazonLinux = "amazon-linux"
	DefaultDisk = 30
)

// DefaultTypes have two processors and 8 GB.
func DefaultTypes() []string { return []string{"t3.large", "t3a.large", "m6i.large"} }

const defaultPatience = 5 * time.Minute

// Provider has machines in one region of one account.
type Provider struct {
	api     *ec2.Client
	connect *ec2instanceconnect.Client
	options Options
	clock   Clock
}

var (
	regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	amiID      = regexp.MustCompile(`^ami-[0-9a-f]+$`)
)

// New reads AWS's own configuration (environment, ~/.aws, roles) and makes no
// call. What is wrong with the options is hint.ErrUsage.
func New(ctx context.Context, options Options) (*Provider, error) {
	options = options.withDefaults()
	if err := options.check(); err != nil {
		return nil, err
	}
	loaders := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return retryer(options.Clock) }),
		config.WithLogger(logging.Nop{}), // what matters is in the errors
	}
	if options.Region != "" {
		loaders = append(loaders, config.WithRegion(options.Region))
	}
	loaded, err := config.LoadDefaultConfig(ctx, loaders...)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("aws configuration: %w", err), "check AWS_PROFILE and the files in ~/.aws")
	}
	if loaded.Region == "" {
		return nil, hint.Usage(errors.New("no AWS region"), "set ec2.region in offshoot.yaml, or AWS_REGION")
	}
	api := ec2.NewFromConfig(loaded, func(o *ec2.Options) {
		if options.Endpoint != "" {
			o.BaseEndpoint = &options.Endpoint
		}
	})
	connect := ec2instanceconnect.NewFromConfig(loaded, func(o *ec2instanceconnect.Options) {
		if options.Endpoint != "" {
			o.BaseEndpoint = &options.Endpoint
		}
	})
	return &Provider{api: api, connect: connect, options: options, clock: options.Clock}, nil
}

// Region is where the machines are.
func (p *Provider) Region() string { return p.api.Options().Region }

func (o Options) withDefaults() Options {
	if len(o.Types) == 0 {
		o.Types = DefaultTypes()
	}
	if o.Image == "" {
		o.Image = Ubuntu
	}
	if o.Connect == "" {
		o.Connect = ConnectPublic
	}
	if o.Disk == 0 {
		o.Disk = DefaultDisk
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Clock == nil {
		o.Clock = realClock{}
	}
	if o.Caller == nil {
		o.Caller = callerAddress(http.DefaultClient, "https://checkip.amazonaws.com")
	}
	if o.SSHPort == 0 {
		o.SSHPort = sshPort
	}
	if o.User == "" {
		o.User = loginUser
	}
	if o.Ready == "" {
		o.Ready = readyFolder
	}
	return o
}

func (o Options) check() error {
	var errs []error
	wrong := func(advice, format string, args ...any) {
		errs = append(errs, hint.Usage(fmt.Errorf(format, args...), "%s", advice))
	}
	if o.Region != "" && !regionName.MatchString(o.Region) {
		wrong("write it like eu-west-1", "ec2.region: %q is not the name of a region", o.Region)
	}
	if o.Image != Ubuntu && o.Image != AmazonLinux && !amiID.MatchString(o.Image) {
		wrong("use "+Ubuntu+", "+AmazonLinux+" or the id of an AMI", "ec2.image: %q is no image", o.Image)
	}
	if slices.Contains(o.Types, "") {
		wrong("name instance types such as t3.large", "ec2.type: an empty name")
	}
	if !slices.Contains([]string{ConnectPublic, ConnectPrivate, ConnectEndpoint}, o.Connect) {
		wrong("use "+ConnectPublic+", "+ConnectPrivate+" or "+ConnectEndpoint,
			"ec2.connect: %q is no way to a machine", o.Connect)
	}
	if o.Connect == ConnectPrivate && len(o.SSH) == 0 && o.SecurityGroup == "" {
		wrong("name the networks of those who connect, as the machines see them, such as 10.0.0.0/8",
			"ec2.connect: %s needs ec2.ssh", ConnectPrivate)
	}
	if o.Disk < 8 || o.Disk > 16384 {
		wrong("give gigabytes between 8 and 16384", "ec2.disk: %d", o.Disk)
	}
	return errors.Join(errs...)
}

// retryer tries a call again that was throttled, met a fault of the server, or
// whose answer was lost. Every call of ours may be repeated.
func retryer(clock Clock) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 5
		if b, ok := clock.(retry.BackoffDelayer); ok {
			o.Backoff = b
		}
	})
}
