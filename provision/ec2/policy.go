package ec2

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// actionOf is the right that a call needs: EC2 names both alike.
func actionOf(call string) string {
	for _, s := range statements(Options{Spot: true, Connect: ConnectEndpoint}) {
		for _, action := range s.Action {
			if action[strings.Index(action, ":")+1:] == call {
				return action
			}
		}
	}
	return ""
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]any `json:",omitempty"`
}

// Policy is the least that a key needs: nothing that bears no label of
// offshoot's can be changed or removed with it, nor what another repository's
// key has made. Without a repository it is for all of them. Machines may be given o.Profile, and the other instance
// profiles that are named: their roles are taken to have the same names.
func (o Options) Policy(others ...string) (string, error) {
	all := statements(o)
	var roles []string
	for _, profile := range append(others, o.Profile) {
		role := "arn:" + partitionOf(o.Region) + ":iam::*:role/" + profile
		if profile != "" && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	if len(roles) > 0 {
		all = append(all, statement{
			"PassRole", "Allow",
			[]string{"iam:PassRole"},
			roles,
			map[string]map[string]any{"StringEquals": {"iam:PassedToService": serviceOf(o.Region)}},
		})
	}
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": all}, "", "  ")
	return string(text), err
}

// serviceOf are EC2's names where a role is passed to it. In China there are two.
func serviceOf(region string) []string {
	names := []string{"ec2.amazonaws.com"}
	if partitionOf(region) == "aws-cn" {
		names = append(names, "ec2.amazonaws.com.cn")
	}
	return names
}

// statements follow what AWS says of resources and conditions of each action:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func statements(o Options) []statement {
	repository, partition := o.Repository, partitionOf(o.Region)
	arns := func(kinds ...string) []string { return arnsIn(partition, kinds...) }
	asked := of(repository, "aws:RequestTag/", machine.LabelPreview)
	labelled := of(repository, "aws:ResourceTag/", machine.LabelPreview)
	all := []statement{
		{"Look", "Allow", []string{
			"ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeNetworkInterfaces",
			"ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSnapshots", "ec2:DescribeSubnets",
			"ec2:DescribeVolumes",
			"ec2:DescribeVpcBlockPublicAccessExclusions", "ec2:DescribeVpcBlockPublicAccessOptions",
			"ec2:DescribeVpcs", "ec2:GetEbsDefaultKmsKeyId",
		}, []string{"*"}, nil},
		{
			"NewestImage", "Allow",
			[]string{"ssm:GetParameters"},
			[]string{"arn:" + partition + ":ssm:*:*:parameter/aws/service/*"},
			nil,
		},
		{
			"MakeLabelled", "Allow",
			[]string{"ec2:RunInstances"},
			arns("instance", "volume", "network-interface", "spot-instances-request"), asked,
		},
		{"MakeFrom", "Allow", []string{"ec2:RunInstances"}, arns("image", "subnet", "security-group"), nil},
		{
			"LabelWhatIsMade", "Allow",
			[]string{"ec2:CreateTags"},
			arns("instance", "volume", "network-interface", "spot-instances-request", "security-group", "image",
				"snapshot"),
			map[string]map[string]any{"StringEquals": {"ec2:CreateAction": []string{
				"RunInstances",
				"CreateSecurityGroup", "CreateImage",
			}}},
		},
		{"Own", "Allow", []string{
			"ec2:CreateTags", "ec2:DeleteNetworkInterface", "ec2:DeleteVolume", "ec2:GetConsoleOutput",
			"ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances",
		}, arns("instance", "volume", "network-interface"), labelled},
		{"BakeOwn", "Allow", []string{"ec2:CreateImage"}, arns("instance"), labelled},
		{"BakeLabelled", "Allow", []string{"ec2:CreateImage"}, arns("image", "snapshot"), asked},
		{
			"OwnImages", "Allow",
			[]string{"ec2:DeleteSnapshot", "ec2:DeregisterImage"},
			arns("image", "snapshot"),
			of(repository, "aws:ResourceTag/", labelBaked),
		},
		{
			"LogIn", "Allow",
			[]string{"ec2-instance-connect:SendSSHPublicKey"},
			arns("instance"),
			and(labelled, "StringEquals", "ec2:osuser", loginUser),
		},
		{
			"MakeGroup", "Allow",
			[]string{"ec2:CreateSecurityGroup"},
			arns("security-group"),
			present("aws:RequestTag/" + labelGroup),
		},
		{"MakeGroupIn", "Allow", []string{"ec2:CreateSecurityGroup"}, arns("vpc"), nil},
		{"OwnGroup", "Allow", []string{
			"ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupIngress",
		}, arns("security-group"), present("aws:ResourceTag/" + labelGroup)},
	}
	if o.Connect == ConnectEndpoint {
		all = append(all,
			statement{"FindEndpoint", "Allow", []string{"ec2:DescribeInstanceConnectEndpoints"}, []string{"*"}, nil},
			statement{
				"Tunnel", "Allow",
				[]string{"ec2-instance-connect:OpenTunnel"},
				arns("instance-connect-endpoint"),
				map[string]map[string]any{"NumericEquals": {"ec2-instance-connect:remotePort": strconv.Itoa(endpointPort)}},
			})
	}
	if o.Spot {
		all = append(all, statement{
			"RoleForSpot", "Allow",
			[]string{"iam:CreateServiceLinkedRole"},
			[]string{"arn:" + partition + ":iam::*:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"},
			map[string]map[string]any{"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}},
		})
	}
	return all
}

// partitions are the parts of AWS whose names begin otherwise, by the beginning
// of their regions' names.
var partitions = []struct{ region, name string }{
	{"us-gov-", "aws-us-gov"},
	{"cn-", "aws-cn"},
	{"us-iso-", "aws-iso"},
	{"us-isob-", "aws-iso-b"},
	{"eu-isoe-", "aws-iso-e"},
	{"us-isof-", "aws-iso-f"},
	{"eusc-", "aws-eusc"},
}

func partitionOf(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.region) {
			return p.name
		}
	}
	return "aws"
}

// of holds where the tag is there, and the other one that names the repository.
func of(repository, where, tag string) map[string]map[string]any {
	condition := present(where + tag)
	if repository == "" {
		return condition
	}
	// A dollar sign would begin a variable of the policy.
	return and(condition, "StringEquals", where+machine.LabelRepository, strings.ReplaceAll(repository, "${", "${$}{"))
}

// and is a condition with one more.
func and(condition map[string]map[string]any, operator, key string, value any) map[string]map[string]any {
	made := map[string]map[string]any{operator: {key: value}}
	for operator, keys := range condition {
		if made[operator] == nil {
			made[operator] = map[string]any{}
		}
		maps.Copy(made[operator], keys)
	}
	return made
}

// present holds where the tag is there, whatever its value.
func present(key string) map[string]map[string]any {
	return map[string]map[string]any{"Null": {key: "false"}}
}

func arnsIn(partition string, kinds ...string) []string {
	var all []string
	for _, kind := range kinds {
		all = append(all, "arn:"+partition+":ec2:*:*:"+kind+"/*")
	}
	return all
}
