// Package vault reads connection strings that are kept at AWS, where whoever reads them
// has the right to.
//
//	secretsmanager:NAME[#KEY] ─▶ Parse ─▶ Place ─▶ Read ─▶ postgres://…
//	ssm:NAME
package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// A Place is where a value is kept: under a name, or its ARN.
type Place struct {
	Service string // SecretsManager or ParameterStore
	Name    string
	Key     string // of a JSON document; empty: the value is the text itself
}

// The services.
const (
	SecretsManager = "secretsmanager"
	ParameterStore = "ssm"
)

func (p Place) String() string {
	if p.Key != "" {
		return p.Service + ":" + p.Name + "#" + p.Key
	}
	return p.Service + ":" + p.Name
}

// Parse reads secretsmanager:NAME, secretsmanager:NAME#KEY or ssm:NAME.
func Parse(text string) (Place, error) {
	service, rest, found := strings.Cut(text, ":")
	name, key, keyed := strings.Cut(rest, "#")
	known := service == SecretsManager || service == ParameterStore
	if !found || !known || name == "" || keyed && key == "" || strings.ContainsAny(rest, " \t\r\n") {
		return Place{}, hint.Usage(errors.New("this is no place of a secret at AWS"), // it may be one itself
			"write it like secretsmanager:prod/shop/url or ssm:/prod/shop/url")
	}
	return Place{Service: service, Name: name, Key: key}, nil
}

// Read asks AWS for the connection string at a place, with the rights that this computer
// has; region may be empty, for the one that AWS's own configuration says. No error has the
// value, or a part of it.
func (p Place) Read(ctx context.Context, region string) (string, error) {
	var loaders []func(*config.LoadOptions) error
	if region != "" {
		loaders = append(loaders, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, loaders...)
	if err != nil {
		return "", hint.Usage(fmt.Errorf("configuration of AWS: %w", err), "see AWS_PROFILE and ~/.aws/config")
	}
	value, err := p.value(ctx, cfg)
	if err != nil {
		return "", p.explain(err)
	}
	text, err := p.connection(value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", p, err)
	}
	return text, nil
}

func (p Place) value(ctx context.Context, cfg aws.Config) (string, error) {
	if p.Service == ParameterStore {
		found, err := ssm.NewFromConfig(cfg).GetParameter(ctx,
			&ssm.GetParameterInput{Name: &p.Name, WithDecryption: aws.Bool(true)})
		if err != nil || found.Parameter == nil {
			return "", err
		}
		return aws.ToString(found.Parameter.Value), nil
	}
	found, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx,
		&secretsmanager.GetSecretValueInput{SecretId: &p.Name})
	if err != nil {
		return "", err
	}
	return aws.ToString(found.SecretString), nil
}

// explain says which right is missing, in words that hold no number of a request.
func (p Place) explain(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return hint.Wrap(fmt.Errorf("%s: %w", p, err), "check the instance profile, and the way from the subnet to AWS")
	}
	err = fmt.Errorf("%s: %s: %s", p, api.ErrorCode(), api.ErrorMessage())
	switch api.ErrorCode() {
	case "AccessDeniedException", "AccessDenied":
		return hint.Wrap(err, "allow %s on it, and kms:Decrypt where a key of your own encrypts it", p.right())
	case "ResourceNotFoundException", "ParameterNotFound":
		return hint.Usage(err, "correct the name, or the region")
	}
	return err
}

func (p Place) right() string {
	if p.Service == ParameterStore {
		return "ssm:GetParameter"
	}
	return "secretsmanager:GetSecretValue"
}

// connection finds the connection string in a value: the text itself, what a JSON document
// has under the key, or, as the secrets of RDS are written, its parts.
func (p Place) connection(value string) (string, error) {
	value = strings.TrimSpace(value)
	if p.Key == "" && !strings.HasPrefix(value, "{") {
		if value == "" {
			return "", errors.New("there is no text in it")
		}
		return value, nil
	}
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.UseNumber()
	if decoder.Decode(&fields) != nil { // whose error would show a part of it
		return "", errors.New("it is no JSON document")
	}
	if p.Key == "" {
		return assembled(fields)
	}
	text, _ := fields[p.Key].(string)
	if text == "" {
		return "", fmt.Errorf("its document has no text under %q", p.Key)
	}
	return text, nil
}

// assembled is the URL of a secret as RDS writes and rotates it.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
func assembled(fields map[string]any) (string, error) {
	of := func(name string) string {
		if fields[name] == nil {
			return ""
		}
		return fmt.Sprint(fields[name])
	}
	host, port, user := of("host"), of("port"), of("username")
	if host == "" || user == "" {
		return "", hint.Usage(errors.New("its document lacks host or username"),
			"name the value to take, such as secretsmanager:NAME#url")
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	u := url.URL{Scheme: "postgres", Host: host, Path: "/" + of("dbname"), User: url.UserPassword(user, of("password"))}
	return u.String(), nil
}
