package ec2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// A Right is one that the credentials must have.
type Right struct {
	Action string
	// Err is nil where the right is there. ErrUntold: AWS tells only where
	// there is a machine, or a security group, to ask it of.
	Err error
	// Note is what there is to say beside that; empty: nothing.
	Note string
}

// ErrUntold says that it could not be found out.
var ErrUntold = errors.New("cannot be told ahead")

// Check asks for every right and spends nothing.
func (p *Provider) Check(ctx context.Context) error {
	rights, err := p.Rights(ctx)
	errs := []error{err}
	for _, r := range rights {
		if !errors.Is(r.Err, ErrUntold) {
			errs = append(errs, r.Err)
		}
	}
	return errors.Join(errs...)
}

// Rights asks AWS, by dry runs, whether each right of the policy is there. The
// error says that nothing could be asked: no credentials, no such region.
func (p *Provider) Rights(ctx context.Context) ([]Right, error) {
	if _, err := p.api.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)}); err != nil &&
		!denied(err) {
		return nil, explain("DescribeInstances", err)
	}
	c := &checker{api: p.api}
	c.look(ctx)
	c.make(ctx, p)
	c.own(ctx, p)
	c.baked(ctx, p)
	if p.options.Connect == ConnectEndpoint {
		c.endpoint(ctx, p)
	}
	if p.options.InstanceConnect {
		c.rights = append(c.rights, Right{Action: actionOf("SendSSHPublicKey"), Err: ErrUntold}) // it knows no dry run
	}
	return c.rights, context.Cause(ctx)
}

func denied(err error) bool { return isCode(err, "UnauthorizedOperation", "AccessDenied") }

type checker struct {
	api    *ec2.Client
	rights []Right
}

// note records what a dry run was answered: DryRunOperation where it would
// have succeeded.
func (c *checker) note(call string, err error) {
	if isCode(err, "DryRunOperation") {
		err = nil
	}
	c.rights = append(c.rights, Right{Action: actionOf(call), Err: explain(call, err)})
}

// noteSpare records a right that a machine can be made without, and which not
// every emulator knows.
func (c *checker) noteSpare(call string, err error) {
	if err != nil && !denied(err) && !isCode(err, "DryRunOperation") {
		c.untold(call)
		return
	}
	c.note(call, err)
}

func (c *checker) untold(calls ...string) {
	for _, call := range calls {
		c.rights = append(c.rights, Right{Action: actionOf(call), Err: ErrUntold})
	}
}

var dry = aws.Bool(true)

func (c *checker) look(ctx context.Context) {
	_, err := c.api.DescribeInstances(ctx, &ec2.DescribeInstancesInput{DryRun: dry})
	c.note("DescribeInstances", err)
	_, err = c.api.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{DryRun: dry})
	c.note("DescribeInstanceTypes", err)
	_, err = c.api.DescribeImages(ctx, &ec2.DescribeImagesInput{DryRun: dry})
	c.note("DescribeImages", err)
	_, err = c.api.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{DryRun: dry})
	c.note("DescribeVpcs", err)
	_, err = c.api.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{DryRun: dry})
	c.note("DescribeSubnets", err)
	_, err = c.api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{DryRun: dry})
	c.note("DescribeSecurityGroups", err)
	_, err = c.api.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{DryRun: dry})
	c.note("DescribeSnapshots", err)
	_, err = c.api.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{DryRun: dry})
	c.note("DescribeVolumes", err)
	_, err = c.api.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{DryRun: dry}, once)
	c.noteSpare("DescribeRouteTables", err)
	_, err = c.api.DescribeVpcBlockPublicAccessOptions(ctx, &ec2.DescribeVpcBlockPublicAccessOptionsInput{DryRun: dry},
		once)
	c.noteSpare("DescribeVpcBlockPublicAccessOptions", err)
	_, err = c.api.DescribeVpcBlockPublicAccessExclusions(ctx,
		&ec2.DescribeVpcBlockPublicAccessExclusionsInput{DryRun: dry}, once)
	c.noteSpare("DescribeVpcBlockPublicAccessExclusions", err)
	c.diskKey(ctx)
	_, err = c.api.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{DryRun: dry})
	c.note("DescribeNetworkInterfaces", err)
}

// diskKey tells which key disks are encrypted with. Whether that one lets us shows
// when a machine is made, which ends at once where it does not.
func (c *checker) diskKey(ctx context.Context) {
	_, err := c.api.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{DryRun: dry}, once)
	c.noteSpare("GetEbsDefaultKmsKeyId", err)
	if output, err := c.api.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{}, once); err == nil {
		if key := aws.ToString(output.KmsKeyId); key != "" && !strings.HasSuffix(key, "alias/aws/ebs") {
			c.rights[len(c.rights)-1].Note = "disks are encrypted with " + key +
				", whose policy has to let this key use it"
		}
	}
}

// make tries the very request that a machine would be made with.
func (c *checker) make(ctx context.Context, p *Provider) {
	n, err := p.network(ctx)
	if err != nil {
		c.failed("RunInstances", err)
		return
	}
	im, err := p.image(ctx)
	if err != nil {
		c.failed("RunInstances", err)
		return
	}
	spec := machine.Spec{Preview: "doctor", Repository: cmp.Or(p.options.Repository, "doctor")}
	l := launch{
		spec: spec, image: im, group: p.options.SecurityGroup, disk: p.options.Disk,
		profile: p.options.Profile, labels: spec.AllLabels(),
	}
	if l.group == "" {
		l.group = c.group(ctx, p, n.vpc)
	}
	c.markets(ctx, p, l, n)
}

// markets tries each type on each market that a machine may be asked for on: a
// type or a market that the account may not have matters only where there is no
// other.
func (c *checker) markets(ctx context.Context, p *Provider, l launch, n network) {
	var offers []Right
	var last error
	granted := false
	for _, a := range attempts(p.options.Types, n, p.options.Spot, l.spec.Preview) {
		offer := Right{Action: a.kind()}
		if slices.ContainsFunc(offers, func(o Right) bool { return o.Action == offer.Action }) {
			continue // in another zone
		}
		err := c.try(ctx, l, a)
		granted = granted || err == nil
		if err != nil && !notForThisAccount(err, a) && !isCode(err, noCapacity...) {
			c.note("RunInstances", err) // it is the same for all
			return
		}
		if err != nil {
			offer.Note, last = refusal(err, a), err
		}
		offers = append(offers, offer)
	}
	if granted {
		last = nil
	}
	c.note("RunInstances", last)
	c.rights = append(c.rights, offers...)
}

func (c *checker) try(ctx context.Context, l launch, a attempt) error {
	request := l.request(a)
	request.DryRun, request.ClientToken = dry, nil
	if l.group == "" {
		request.NetworkInterfaces[0].Groups = nil // the VPC's own: it is not made
	}
	_, err := c.api.RunInstances(ctx, request)
	if isCode(err, "DryRunOperation") {
		return nil
	}
	return err
}

func refusal(err error, a attempt) string {
	switch {
	case isCode(err, "AuthFailure.ServiceLinkedRoleCreationNotPermitted"):
		return "the account lacks the role AWSServiceRoleForEC2Spot; " + roleForSpot
	case notForThisAccount(err, a):
		return "the account's plan refuses the type: " + code(err)
	}
	return "not to be had now: " + code(err)
}

// failed records what keeps a right from being asked for, unless it is a right
// itself, which has been noted.
func (c *checker) failed(call string, err error) {
	if denied(err) {
		c.untold(call)
		return
	}
	c.rights = append(c.rights, Right{Action: actionOf(call), Err: err})
}

// group checks the rights on the shared security group and returns its id, if
// it is there.
func (c *checker) group(ctx context.Context, p *Provider, vpc string) string {
	_, err := c.api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		DryRun: dry, GroupName: aws.String(groupName), Description: aws.String("dry run"), VpcId: &vpc,
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSecurityGroup,
			Tags:         tagsOf(map[string]string{labelGroup: "shared"}),
		}},
	})
	if isCode(err, "InvalidGroup.Duplicate") {
		err = nil
	}
	c.note("CreateSecurityGroup", err)
	found, exists, err := p.findGroup(ctx, vpc)
	if err != nil || !exists {
		if err != nil && !denied(err) {
			c.failed("CreateSecurityGroup", err)
		}
		c.untold("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "DeleteSecurityGroup")
		return ""
	}
	permissions := []types.IpPermission{gatewayRules()[0].permission(nil)}
	_, err = c.api.AuthorizeSecurityGroupIngress(ctx,
		&ec2.AuthorizeSecurityGroupIngressInput{DryRun: dry, GroupId: found.GroupId, IpPermissions: permissions})
	if isCode(err, "InvalidPermission.Duplicate") {
		err = nil
	}
	c.note("AuthorizeSecurityGroupIngress", err)
	_, err = c.api.RevokeSecurityGroupIngress(ctx,
		&ec2.RevokeSecurityGroupIngressInput{DryRun: dry, GroupId: found.GroupId, IpPermissions: permissions})
	c.note("RevokeSecurityGroupIngress", unlessGone(err))
	_, err = c.api.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{DryRun: dry, GroupId: found.GroupId})
	c.note("DeleteSecurityGroup", err)
	return aws.ToString(found.GroupId)
}

// own checks the rights on machines at one that there is.
func (c *checker) own(ctx context.Context, p *Provider) {
	found, err := p.find(ctx, machine.Filter{Repository: p.options.Repository},
		filter("instance-state-name", "pending", "running", "stopping", "stopped"))
	if err != nil || len(found) == 0 {
		c.untold("CreateTags", "StartInstances", "StopInstances", "TerminateInstances", "GetConsoleOutput",
			"CreateImage")
		return
	}
	id := found[0].ID
	_, err = c.api.CreateTags(ctx,
		&ec2.CreateTagsInput{
			DryRun: dry, Resources: []string{id},
			Tags: tagsOf(map[string]string{machine.LabelPreview: found[0].Preview}),
		})
	c.note("CreateTags", err)
	_, err = c.api.StartInstances(ctx, &ec2.StartInstancesInput{DryRun: dry, InstanceIds: []string{id}})
	c.note("StartInstances", err)
	_, err = c.api.StopInstances(ctx, &ec2.StopInstancesInput{DryRun: dry, InstanceIds: []string{id}})
	c.note("StopInstances", err)
	_, err = c.api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{DryRun: dry, InstanceIds: []string{id}})
	c.note("TerminateInstances", err)
	_, err = c.api.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{DryRun: dry, InstanceId: &id})
	c.note("GetConsoleOutput", err)
	tags := tagsOf(map[string]string{
		machine.LabelPreview:    found[0].Preview,
		machine.LabelRepository: found[0].Repository, labelBaked: "dry run",
	})
	_, err = c.api.CreateImage(ctx, &ec2.CreateImageInput{
		DryRun: dry, InstanceId: &id, Name: aws.String("offshoot dry run"), NoReboot: aws.Bool(true),
		TagSpecifications: []types.TagSpecification{
			{ResourceType: types.ResourceTypeImage, Tags: tags},
			{ResourceType: types.ResourceTypeSnapshot, Tags: tags},
		},
	})
	c.note("CreateImage", err)
}

// endpoint tries the way to a machine, where there is one that runs.
func (c *checker) endpoint(ctx context.Context, p *Provider) {
	_, err := c.api.DescribeInstanceConnectEndpoints(ctx, &ec2.DescribeInstanceConnectEndpointsInput{DryRun: dry})
	c.note("DescribeInstanceConnectEndpoints", err)
	n, err := p.network(ctx)
	if err != nil {
		return // which has been noted
	}
	found, err := p.endpointIn(ctx, n.vpc, "")
	if err != nil {
		c.failed("DescribeInstanceConnectEndpoints", err)
		return
	}
	running, err := p.find(ctx, machine.Filter{Repository: p.options.Repository},
		filter("instance-state-name", "running"), filter("vpc-id", n.vpc))
	if err != nil || len(running) == 0 {
		c.untold("OpenTunnel")
		return
	}
	conn, err := p.tunnel(ctx, running[0])
	switch {
	case err == nil:
		conn.Close()
	case !denied(err) && !isCode(err, "AccessDeniedException"):
		c.untold("OpenTunnel") // those who connect let the endpoint in first
		return
	}
	c.rights = append(c.rights,
		Right{
			Action: actionOf("OpenTunnel"), Err: err,
			Note: "a machine answers through " + aws.ToString(found.InstanceConnectEndpointId),
		})
}

// baked checks the rights on images at one that there is.
func (c *checker) baked(ctx context.Context, p *Provider) {
	wanted := []types.Filter{filter("tag-key", labelBaked)}
	if r := p.options.Repository; r != "" {
		wanted = append(wanted, filter("tag:"+machine.LabelRepository, literal(r)))
	}
	found, err := p.images(ctx, wanted...)
	if err != nil || len(found) == 0 || len(found[0].Snapshots) == 0 {
		c.untold("DeregisterImage", "DeleteSnapshot")
		return
	}
	_, err = c.api.DeregisterImage(ctx, &ec2.DeregisterImageInput{DryRun: dry, ImageId: &found[0].ID})
	c.note("DeregisterImage", err)
	_, err = c.api.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{DryRun: dry, SnapshotId: &found[0].Snapshots[0]})
	c.note("DeleteSnapshot", err)
}

// String is one line about a right.
func (r Right) String() string {
	if r.Err == nil {
		return r.Action + ": " + cmp.Or(r.Note, "there")
	}
	return fmt.Sprintf("%s: %v", r.Action, r.Err)
}
