package ec2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// code is AWS's name of an error, empty when it did not come from there.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func isCode(err error, codes ...string) bool {
	return err != nil && slices.Contains(codes, code(err))
}

func notFound(err error) bool { return strings.HasSuffix(code(err), ".NotFound") }

// advice says what the user can do about an error of AWS's.
type advice struct {
	usage bool // it lies in the configuration
	text  string
}

var byCode = map[string]advice{
	"AuthFailure": {
		false,
		"check the credentials, and that the region is enabled for the account",
	},
	"InvalidClientTokenId":        {false, "the access key is unknown: check AWS_ACCESS_KEY_ID or AWS_PROFILE"},
	"UnrecognizedClientException": {false, "the access key is unknown: check AWS_ACCESS_KEY_ID or AWS_PROFILE"},
	"SignatureDoesNotMatch":       {false, "check AWS_SECRET_ACCESS_KEY, and the clock of this computer"},
	"RequestExpired": {
		false,
		"set the clock of this computer: AWS takes it for wrong by more than five minutes",
	},
	"ExpiredToken":  {false, "sign in to AWS again: the session has ended"},
	"OptInRequired": {false, "enable EC2 and the region for the account"},
	"Blocked":       {false, "the account is blocked: ask AWS's support"},
	"VcpuLimitExceeded": {
		false,
		"ask for a higher quota of running on-demand vCPUs, or remove machines: offshoot list",
	},
	"InstanceLimitExceeded": {
		false,
		"ask for a higher quota of instances, or remove machines: offshoot list",
	},
	"MaxSpotInstanceCountExceeded": {false, "ask for a higher quota of spot instances, or turn ec2.spot off"},
	"VolumeLimitExceeded":          {false, "ask for a higher quota of volumes"},
	"SecurityGroupLimitExceeded": {
		false,
		"ask for a higher quota of security groups, or set ec2.security_group",
	},
	"RulesPerSecurityGroupLimit":         {false, "set ec2.ssh to fewer, wider networks"},
	"RulesPerSecurityGroupLimitExceeded": {false, "set ec2.ssh to fewer, wider networks"},
	"AddressLimitExceeded":               {false, "ask for a higher quota of addresses"},
	"PendingVerification":                {false, "AWS still verifies the account for this region: retry later"},
	"SnapshotLimitExceeded": {
		false,
		"ask for a higher quota of snapshots, or remove images that nobody uses: offshoot bake --prune",
	},
	"AMIQuotaExceeded": {
		false,
		"ask for a higher quota of AMIs, or remove images that nobody uses: offshoot bake --prune",
	},
	"InvalidAMIID.NotFound":              {true, "AMIs belong to one region: check ec2.image and ec2.region"},
	"InvalidAMIID.Malformed":             {true, "check ec2.image"},
	"InvalidAMIID.Unavailable":           {true, "the AMI is not ready, or was removed: check ec2.image"},
	"InvalidInstanceType":                {true, "check ec2.type; not every region has every type"},
	"InvalidParameterValue":              {true, ""},
	"InvalidSubnetID.NotFound":           {true, "check ec2.subnets and ec2.region"},
	"InvalidGroup.NotFound":              {true, "check ec2.security_group and ec2.region"},
	"InvalidGroupId.Malformed":           {true, "check ec2.security_group"},
	"InvalidBlockDeviceMapping":          {true, "the image needs a larger disk: set ec2.disk"},
	"InvalidIamInstanceProfile.NotFound": {true, "check ec2.profile"},
	"InvalidUserData.Malformed":          {false, "user data is limited to 16 KB"},
}

// byCause says what to do about an instance that ended before it ran, by the
// beginning of AWS's name of the reason:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
var byCause = []struct{ cause, text string }{
	{
		"Client.InvalidKMSKey",
		"the key that the account encrypts disks with is disabled or gone: enable it, or aws ec2 " +
			"reset-ebs-default-kms-key-id",
	},
	{
		"Client.InternalError",
		"most often it is the key that the account encrypts disks with (aws ec2 get-ebs-default-kms-key-id): its " +
			"policy has to let this one use it (kms:CreateGrant, kms:Decrypt, kms:DescribeKey, " +
			"kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*), for spot AWSServiceRoleForEC2Spot too",
	},
	{"Client.VolumeLimitExceeded", "ask for a higher quota of volumes"},
	{"Server.InsufficientInstanceCapacity", "name more types in ec2.type, or retry later"},
	{"Server.SpotInstance", "AWS has taken the spot instance back: retry, or turn ec2.spot off"},
}

func adviseOnEnd(cause string, err error) error {
	for _, known := range byCause {
		if strings.HasPrefix(cause, known.cause) {
			return hint.Wrap(err, "%s", known.text)
		}
	}
	return err
}

// explain turns an error of the SDK into one for people: AWS's own words, what
// to do, and the right that is missing, if that is it. During names the act.
func explain(during string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return explainAPI(during, api)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", during, err)
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return hint.Usage(fmt.Errorf("%s: no host %s", during, dns.Name),
			"check ec2.region (or AWS_REGION), AWS_ENDPOINT_URL and the network")
	}
	if text := err.Error(); strings.Contains(text, "get identity: get credentials") ||
		strings.Contains(text, "failed to refresh cached credentials") {
		return hint.Usage(fmt.Errorf("%s: no AWS credentials", during),
			"set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with aws sso login")
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		err = operation.Unwrap()
	}
	return fmt.Errorf("%s: %w", during, err)
}

func explainAPI(during string, api smithy.APIError) error {
	text := strings.TrimSuffix(api.ErrorMessage(), ".")
	if denied, ok := deniedRight(during, api); ok {
		return denied
	}
	err := fmt.Errorf("%s: %w", during, &apiError{APIError: api, text: api.ErrorCode() + ": " + text})
	a, known := byCode[api.ErrorCode()]
	switch {
	case !known:
		return err
	case a.usage:
		return hint.Usage(err, "%s", a.text)
	}
	return hint.Wrap(err, "%s", a.text)
}

// apiError is AWS's error in its own words, without the SDK's around it.
type apiError struct {
	smithy.APIError
	text string
}

func (e *apiError) Error() string { return e.text }

// deniedRight names a missing right. EC2 adds an encoded message of many lines
// to its text, which nobody can read.
func deniedRight(during string, api smithy.APIError) (error, bool) {
	if !slices.Contains([]string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}, api.ErrorCode()) {
		return nil, false
	}
	action := actionOf(during)
	if action == "" {
		return fmt.Errorf("%s: not allowed: %w", during, &apiError{APIError: api, text: api.ErrorCode()}), true
	}
	err := fmt.Errorf("%s: the right %s is missing: %w", during, action,
		&apiError{APIError: api, text: api.ErrorCode()})
	return hint.Wrap(err,
		`allow it: {"Effect": "Allow", "Action": %q, "Resource": "*"}; offshoot doctor --provider ec2 prints the whole policy`, action), true
}
