package ec2

import (
	"encoding/json"
	"strings"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// actionOf is the right that a call needs: EC2 names both alike.
func actionOf(call string) string {
	for _, s := range statements() {
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
// offshoot's can be changed or removed with it.
func Policy() (string, error) {
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements()}, "", "  ")
	return string(text), err
}

// statements follow what AWS says of resources and conditions of each action:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func statements() []statement {
	asked := present("aws:RequestTag/" + machine.LabelPreview)
	labelled := present("aws:ResourceTag/" + machine.LabelPreview)
	return []statement{
		{"Look", "Allow", []string{
			"ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceTypes", "ec2:DescribeNetworkInterfaces",
			"ec2:DescribeSecurityGroups", "ec2:DescribeSnapshots", "ec2:DescribeSubnets", "ec2:DescribeVolumes", "ec2:DescribeVpcs",
		}, []string{"*"}, nil},
		{"NewestImage", "Allow", []string{"ssm:GetParameters"}, []string{"arn:aws:ssm:*:*:parameter/aws/service/*"}, nil},
		{"MakeLabelled", "Allow", []string{"ec2:RunInstances"}, arns("instance", "volume", "network-interface", "spot-instances-request"), asked},
		{"MakeFrom", "Allow", []string{"ec2:RunInstances"}, arns("image", "subnet", "security-group"), nil},
		{
			"LabelWhatIsMade", "Allow",
			[]string{"ec2:CreateTags"},
			arns("instance", "volume", "network-interface", "spot-instances-request", "security-group", "image", "snapshot"),
			map[string]map[string]any{"StringEquals": {"ec2:CreateAction": []string{"RunInstances", "CreateSecurityGroup", "CreateImage"}}},
		},
		{"Own", "Allow", []string{
			"ec2:CreateTags", "ec2:DeleteNetworkInterface", "ec2:DeleteVolume", "ec2:GetConsoleOutput",
			"ec2:StartInstances", "ec2:StopInstances", "ec2:TerminateInstances",
		}, arns("instance", "volume", "network-interface"), labelled},
		{"BakeOwn", "Allow", []string{"ec2:CreateImage"}, arns("instance"), labelled},
		{"BakeLabelled", "Allow", []string{"ec2:CreateImage"}, arns("image", "snapshot"), asked},
		{"OwnImages", "Allow", []string{"ec2:DeleteSnapshot", "ec2:DeregisterImage"}, arns("image", "snapshot"), present("aws:ResourceTag/" + labelBaked)},
		{
			"LogIn", "Allow",
			[]string{"ec2-instance-connect:SendSSHPublicKey"},
			arns("instance"),
			map[string]map[string]any{"StringEquals": {"ec2:osuser": loginUser}, "Null": {"aws:ResourceTag/" + machine.LabelPreview: "false"}},
		},
		{"MakeGroup", "Allow", []string{"ec2:CreateSecurityGroup"}, arns("security-group"), present("aws:RequestTag/" + labelGroup)},
		{"MakeGroupIn", "Allow", []string{"ec2:CreateSecurityGroup"}, arns("vpc"), nil},
		{"OwnGroup", "Allow", []string{
			"ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupIngress",
		}, arns("security-group"), present("aws:ResourceTag/" + labelGroup)},
	}
}

// present holds where the tag is there, whatever its value.
func present(key string) map[string]map[string]any {
	return map[string]map[string]any{"Null": {key: "false"}}
}

func arns(kinds ...string) []string {
	var all []string
	for _, kind := range kinds {
		all = append(all, "arn:aws:ec2:*:*:"+kind+"/*")
	}
	return all
}
