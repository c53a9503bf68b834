package ec2

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// The labels that only this provider puts on its machines.
const (
	labelGeneration = "dev.offshoot.machine"  // numbers the machines that a preview has had, upwards
	labelHostKey    = "dev.offshoot.host-key" // public: what SSH has to meet
	labelGroup      = "dev.offshoot.group"    // on the shared security group
	labelName       = "Name"                  // what AWS's console shows
)

// An instance as far as offshoot is concerned.
type instance struct {
	machine.Machine
	raw        types.InstanceStateName
	generation int
	reason     string // why it changed its state, if AWS says
	cause      string // AWS's name of the reason
	spot       bool
	vpc        string
	subnet     string
	private    string   // its address in the VPC
	groups     []string // the ids of its security groups
}

// alive tells an instance that is or can be made to run.
func (i instance) alive() bool {
	return i.State != machine.Ending && i.raw != types.InstanceStateNameTerminated
}

// gone tells an instance of which nothing is left but its record.
func (i instance) gone() bool { return i.raw == types.InstanceStateNameTerminated }

// ours tells whether offshoot made it.
func (i instance) ours() bool { return i.Preview != "" }

var states = map[types.InstanceStateName]machine.State{
	types.InstanceStateNamePending:      machine.Starting,
	types.InstanceStateNameRunning:      machine.Running,
	types.InstanceStateNameStopping:     machine.Stopping,
	types.InstanceStateNameStopped:      machine.Stopped,
	types.InstanceStateNameShuttingDown: machine.Ending,
	types.InstanceStateNameTerminated:   machine.Ending,
}

func (p *Provider) instanceOf(raw types.Instance) instance {
	i := instance{Machine: machine.Machine{
		ID: aws.ToString(raw.InstanceId), Type: string(raw.InstanceType), Created: aws.ToTime(raw.LaunchTime),
		Address: cmp.Or(aws.ToString(raw.PublicIpAddress), aws.ToString(raw.PrivateIpAddress)),
	}, spot: raw.InstanceLifecycle == types.InstanceLifecycleTypeSpot}
	i.vpc, i.subnet, i.private = aws.ToString(raw.VpcId), aws.ToString(raw.SubnetId), aws.ToString(raw.PrivateIpAddress)
	if p.options.Connect == ConnectPrivate {
		i.Address = i.private
	}
	for _, group := range raw.SecurityGroups {
		i.groups = append(i.groups, aws.ToString(group.GroupId))
	}
	if raw.State != nil {
		i.raw, i.State = raw.State.Name, states[raw.State.Name]
	}
	if raw.Placement != nil {
		i.Zone = aws.ToString(raw.Placement.AvailabilityZone)
	}
	if raw.StateReason != nil {
		i.reason, i.cause = aws.ToString(raw.StateReason.Message), aws.ToString(raw.StateReason.Code)
	}
	labels := labelsOf(raw.Tags)
	i.SetLabels(labels)
	i.generation, _ = strconv.Atoi(labels[labelGeneration])
	return i
}

func labelsOf(tags []types.Tag) map[string]string {
	labels := make(map[string]string, len(tags))
	for _, tag := range tags {
		labels[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return labels
}

// tagsOf are in order, so that a call that is made again is the same.
func tagsOf(labels map[string]string) []types.Tag {
	tags := make([]types.Tag, 0, len(labels))
	for key, value := range labels {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	slices.SortFunc(tags, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return tags
}

// literal keeps EC2 from reading * and ? in a filter as wildcards.
func literal(value string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(value)
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

func tagFilters(f machine.Filter) []types.Filter {
	filters := []types.Filter{filter("tag-key", machine.LabelPreview)}
	if f.Preview != "" {
		filters = append(filters, filter("tag:"+machine.LabelPreview, literal(f.Preview)))
	}
	if f.Repository != "" {
		filters = append(filters, filter("tag:"+machine.LabelRepository, literal(f.Repository)))
	} else if f.Number != "" {
		filters = append(filters, filter("tag:"+machine.LabelNumber, literal(f.Number)))
	}
	return filters
}

// find reads all instances that pass the filter, also those that are gone and
// still on record, oldest first. One page that fails fails all.
func (p *Provider) find(ctx context.Context, f machine.Filter, more ...types.Filter) ([]instance, error) {
	pages := ec2.NewDescribeInstancesPaginator(p.api, &ec2.DescribeInstancesInput{
		Filters: append(tagFilters(f), more...), MaxResults: aws.Int32(1000),
	})
	var found []instance
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, explain("DescribeInstances", err)
		}
		for _, reservation := range page.Reservations {
			for _, raw := range reservation.Instances {
				if i := p.instanceOf(raw); i.ours() && f.Matches(i.Machine) {
					found = append(found, i)
				}
			}
		}
	}
	slices.SortFunc(found, older)
	return found, nil
}

// older orders instances by age. LaunchTime is that of the last start, so that
// the count of the preview's machines comes first.
func older(a, b instance) int {
	return cmp.Or(cmp.Compare(a.generation, b.generation), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
}

// get reads one instance; false when AWS does not know it, which right after
// it was made proves nothing.
func (p *Provider) get(ctx context.Context, id string) (instance, bool, error) {
	output, err := p.api.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if notFound(err) || isCode(err, "InvalidInstanceID.Malformed") {
		return instance{}, false, nil
	}
	if err != nil {
		return instance{}, false, explain("DescribeInstances", err)
	}
	for _, reservation := range output.Reservations {
		for _, raw := range reservation.Instances {
			return p.instanceOf(raw), true, nil
		}
	}
	return instance{}, false, nil
}

// List finds the machines that are there, oldest first.
func (p *Provider) List(ctx context.Context, f machine.Filter) ([]machine.Machine, error) {
	found, err := p.find(ctx, f,
		filter("instance-state-name", "pending", "running", "stopping", "stopped", "shutting-down"))
	if err != nil {
		return nil, err
	}
	machines := make([]machine.Machine, 0, len(found))
	for _, i := range found {
		if f.Matches(i.Machine) {
			machines = append(machines, i.Machine)
		}
	}
	slices.SortStableFunc(machines, func(a, b machine.Machine) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return machines, nil
}

// propagation is how long AWS may take to show what was just made.
const propagation = 30 * time.Second
