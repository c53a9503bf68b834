package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// A launch is all that is decided before anything is asked for.
type launch struct {
	spec       machine.Spec
	generation int
	image      image
	group      string
	disk       int
	profile    string
	labels     map[string]string
	userData   string // base64
	attempts   []attempt
}

// An attempt asks for one kind of capacity.
type attempt struct {
	typ    string
	subnet subnet
	spot   bool
}

func (a attempt) String() string { return a.kind() + " in " + a.subnet.zone }

func (a attempt) kind() string {
	if a.spot {
		return "spot " + a.typ
	}
	return a.typ
}

// attempts are every market, type and zone in the order of preference: spot
// before on demand, then types as they are configured. Zones begin at one that
// follows from the preview, so that not all previews crowd into the first.
func attempts(names []string, n network, spot bool, preview string) []attempt {
	markets := []bool{false}
	if spot {
		markets = []bool{true, false}
	}
	h := fnv.New32a()
	h.Write([]byte(preview))
	first := int(h.Sum32() % uint32(len(n.subnets)))
	var all []attempt
	for _, market := range markets {
		for _, typ := range names {
			for i := range n.subnets {
				all = append(all, attempt{typ, n.subnets[(first+i)%len(n.subnets)], market})
			}
		}
	}
	return all
}

// noCapacity are the errors after which the next attempt may succeed.
var noCapacity = []string{
	"InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientCapacity",
	"InsufficientFreeAddressesInSubnet",
	"Unsupported", "UnsupportedOperation", "SpotMaxPriceTooLow", "MaxSpotInstanceCountExceeded",
	"InstanceLimitExceeded", "VcpuLimitExceeded",
}

// planLaunch looks at network, group and image, and makes the host key and
// the user data of a machine.
func (p *Provider) planLaunch(ctx context.Context, spec machine.Spec, generation int) (launch, error) {
	login, err := p.login()
	if err != nil {
		return launch{}, err
	}
	im, err := p.image(ctx)
	if err != nil {
		return launch{}, err
	}
	n, err := p.network(ctx)
	if err != nil {
		return launch{}, err
	}
	group, err := p.ensureGroup(ctx, n.vpc)
	if err != nil {
		return launch{}, err
	}
	key, err := host.NewKey()
	if err != nil {
		return launch{}, err
	}
	script, err := Bootstrap{
		HostKey: key.Private, LoginKey: login, Expires: p.untilTold(spec.Expires), Port: sshPort, Bare: p.options.Bare,
	}.Script()
	if err != nil {
		return launch{}, err
	}
	l := launch{
		spec: spec, generation: generation, image: im, group: group, disk: p.options.Disk, profile: p.options.Profile,
		userData: base64.StdEncoding.EncodeToString(script), labels: spec.AllLabels(),
		attempts: attempts(p.options.Types, n, p.options.Spot, spec.Preview),
	}
	maps.Copy(l.labels, map[string]string{
		labelGeneration: strconv.Itoa(generation), labelHostKey: key.Public, labelName: "offshoot " + spec.Preview,
	})
	return l, checkLabels(l.labels)
}

// nobodyCame is how long a bare machine stays when nobody connects, which tells it when it
// expires: whoever made it was killed.
const nobodyCame = 20 * time.Minute

func (p *Provider) untilTold(expires time.Time) time.Time {
	if soon := p.clock.Now().Add(nobodyCame); p.options.Bare && (expires.IsZero() || soon.Before(expires)) {
		return soon.UTC().Truncate(time.Second)
	}
	return expires
}

// login is the public key that the machine lets in; empty with Instance
// Connect.
func (p *Provider) login() (string, error) {
	if p.options.InstanceConnect {
		return "", nil
	}
	key, err := host.PublicKey(p.options.LoginKey)
	if err != nil {
		return "",
			hint.Usage(fmt.Errorf("key to log in with: %w", err),
				"set OFFSHOOT_SSH_KEY to a private key, such as ssh-keygen -t ed25519 makes one")
	}
	return key, nil
}

// checkLabels refuses what EC2 does not take as a tag.
func checkLabels(labels map[string]string) error {
	for key, value := range labels {
		if len([]rune(value)) > 256 || len(key) > 128 {
			return hint.Usage(fmt.Errorf("label %s: EC2 takes 256 characters for a tag, not %d", key,
				len([]rune(value))), "use shorter names")
		}
	}
	if len(labels) > 50 {
		return fmt.Errorf("%d labels: EC2 takes 50", len(labels))
	}
	return nil
}

// token makes one attempt idempotent: who asks with the same one gets the same
// instance. Another attempt is another request, and needs another token.
func (l launch) token(a attempt) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		l.spec.Repository, l.spec.Preview, strconv.Itoa(l.generation), a.typ, a.subnet.id, strconv.FormatBool(a.spot),
	}, "\x00")))
	return "offshoot-" + hex.EncodeToString(sum[:20])
}

// request is the call that makes the instance of an attempt.
func (l launch) request(a attempt) *ec2.RunInstancesInput {
	tags := tagsOf(l.labels)
	resources := []types.ResourceType{
		types.ResourceTypeInstance, types.ResourceTypeVolume,
		types.ResourceTypeNetworkInterface,
	}
	input := &ec2.RunInstancesInput{
		ImageId: &l.image.id, InstanceType: types.InstanceType(a.typ), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		ClientToken: aws.String(l.token(a)), UserData: &l.userData,
		InstanceInitiatedShutdownBehavior: types.ShutdownBehaviorTerminate,
		MetadataOptions: &types.InstanceMetadataOptionsRequest{
			HttpEndpoint: types.InstanceMetadataEndpointStateEnabled, HttpTokens: types.HttpTokensStateRequired,
			// Containers on a bridge are one hop further away.
			HttpPutResponseHopLimit: aws.Int32(1), InstanceMetadataTags: types.InstanceMetadataTagsStateDisabled,
		},
		BlockDeviceMappings: []types.BlockDeviceMapping{{
			DeviceName: &l.image.root,
			Ebs: &types.EbsBlockDevice{
				Encrypted: aws.Bool(true), VolumeType: types.VolumeTypeGp3, VolumeSize: aws.Int32(int32(l.disk)),
				DeleteOnTermination: aws.Bool(true),
			},
		}},
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), SubnetId: aws.String(a.subnet.id), Groups: []string{l.group},
			AssociatePublicIpAddress: aws.Bool(!a.subnet.private), DeleteOnTermination: aws.Bool(true),
		}},
	}
	if l.profile != "" {
		input.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: &l.profile}
	}
	if a.spot {
		resources = append(resources, types.ResourceTypeSpotInstancesRequest)
		input.InstanceMarketOptions = &types.InstanceMarketOptionsRequest{
			MarketType: types.MarketTypeSpot,
			SpotOptions: &types.SpotMarketOptions{
				SpotInstanceType:             types.SpotInstanceTypeOneTime,
				InstanceInterruptionBehavior: types.InstanceInterruptionBehaviorTerminate,
			},
		}
	}
	for _, resource := range resources {
		input.TagSpecifications = append(input.TagSpecifications,
			types.TagSpecification{ResourceType: resource, Tags: tags})
	}
	return input
}

// notForThisAccount tells whether the account may not have what an attempt asks
// for, and may have what another one does: the role that spot instances need is
// made with the account's first, where the caller may make roles, and some
// accounts have a few types alone.
func notForThisAccount(err error, a attempt) bool {
	if a.spot && isCode(err, "AuthFailure.ServiceLinkedRoleCreationNotPermitted") {
		return true
	}
	var api smithy.APIError
	return errors.As(err, &api) && isCode(err, "InvalidParameterCombination", "FreeTierRestrictionError") &&
		strings.Contains(strings.ToLower(api.ErrorMessage()), "free tier")
}

// errTaken says that an attempt's token belongs to another machine: one that
// another run makes at the same time, or one that has ended since.
var errTaken = errors.New("another run makes the machine")

// roleForSpot is what helps where the role of spot instances is missing.
const roleForSpot = "once for the account: aws iam create-service-linked-role --aws-service-name " +
	"spot.amazonaws.com (or allow iam:CreateServiceLinkedRole for it)"

func spotRole(failed []string) string {
	if !slices.ContainsFunc(failed, func(f string) bool { return strings.Contains(f, "ServiceLinkedRole") }) {
		return ""
	}
	return "; for spot, " + roleForSpot
}

// run makes attempts until one succeeds.
func (p *Provider) run(ctx context.Context, l launch) (instance, error) {
	var failed []string
	for _, a := range l.attempts {
		output, err := p.api.RunInstances(ctx, l.request(a))
		switch {
		case isCode(err, "IdempotentParameterMismatch", "IdempotentInstanceTerminated"):
			return instance{}, errTaken
		case isCode(err, noCapacity...), notForThisAccount(err, a):
			failed = append(failed, fmt.Sprintf("%s: %s", a, code(err)))
		case err != nil:
			return instance{}, explain("RunInstances", err)
		case len(output.Instances) == 0:
			return instance{}, errors.New("RunInstances: AWS answered without an instance")
		default:
			made := p.instanceOf(output.Instances[0])
			if !made.alive() {
				return instance{}, errTaken
			}
			return made, nil
		}
		if err := ctx.Err(); err != nil {
			return instance{}, context.Cause(ctx)
		}
	}
	return instance{}, hint.Wrap(fmt.Errorf("no capacity: %s", strings.Join(failed, "; ")),
		"name more types in ec2.type, retry later, or ask for a higher quota where a limit is named%s",
		spotRole(failed))
}
