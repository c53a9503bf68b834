package ec2

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/offshoot-dev/offshoot/provision/machine"
)

// actionOf is the right that a call needs: EC2 names both alike.
func actionOf(call string) string {
	for _, s := range statements("") {
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
// key has made. Without a repository it is for all of them.
func Policy(repository string) (string, error) {
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements(repository)}, "", "  ")
	return string(text), err
}

// statements follow what AWS says of resources and conditions of each action:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func statements(repository string) []statement {
	asked := of(repository, "aws:RequestTag/", machine.LabelPreview)
	labelled := of(repository, "aws:ResourceTag/", machine.LabelPreview)
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
		{"OwnImages", "Allow", []string{"ec2:DeleteSnapshot", "ec2:DeregisterImage"}, arns("image", "snapshot"), of(repository, "aws:ResourceTag/", labelBaked)},
		{
			"LogIn", "Allow",
			[]string{"ec2-instance-connect:SendSSHPublicKey"},
			arns("instance"),
			and(labelled, "StringEquals", "ec2:osuser", loginUser),
		},
		{"MakeGroup", "Allow", []string{"ec2:CreateSecurityGroup"}, arns("security-group"), present("aws:RequestTag/" + labelGroup)},
		{"MakeGroupIn", "Allow", []string{"ec2:CreateSecurityGroup"}, arns("vpc"), nil},
		{"OwnGroup", "Allow", []string{
			"ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupIngress",
		}, arns("security-group"), present("aws:ResourceTag/" + labelGroup)},
	}
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

func arns(kinds ...string) []string {
	var all []string
	for _, kind := range kinds {
		all = append(all, "arn:aws:ec2:*:*:"+kind+"/*")
	}
	return all
}
