package ec2

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2instanceconnect"

	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/machine"
)

// instanceConnect logs in with a key that nobody keeps: it is made for one
// connection and its reconnects, and AWS hands its public half to the machine
// for a minute.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-connect-methods.html
func (p *Provider) instanceConnect(m machine.Machine) (key []byte, renew func(context.Context) error, err error) {
	made, err := host.NewKey()
	if err != nil {
		return nil, nil, err
	}
	push := &ec2instanceconnect.SendSSHPublicKeyInput{
		InstanceId: aws.String(m.ID), InstanceOSUser: aws.String(p.options.User), SSHPublicKey: aws.String(made.Public),
	}
	if m.Zone != "" {
		push.AvailabilityZone = aws.String(m.Zone)
	}
	return []byte(made.Private), func(ctx context.Context) error {
		output, err := p.connect.SendSSHPublicKey(ctx, push)
		if err != nil {
			return explain("SendSSHPublicKey", err)
		}
		if !output.Success {
			return fmt.Errorf("SendSSHPublicKey: AWS did not hand the key to %s", m.ID)
		}
		return nil
	}, nil
}
