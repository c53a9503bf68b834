package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/host"
	"github.com/offshoot-dev/offshoot/provision/ec2"
)

// checkEC2 notes whether machines can be made: the key to log in with, the
// credentials, and each right.
func (a setup) checkEC2(ctx context.Context, cfg *config.Config, note func(name, text string, err error)) {
	options := a.ec2Options(cfg)
	options.Repository = a.repositoryOf(ctx, cfg)
	text, err := checkLogin(options)
	note("ssh key", text, err)
	provider, err := ec2.New(ctx, options)
	if err != nil {
		note("aws", "", err)
		return
	}
	rights, err := provider.Rights(ctx)
	note("aws", "the credentials are accepted", err)
	for _, right := range rights {
		if errors.Is(right.Err, ec2.ErrUntold) {
			note(right.Action, right.Err.Error(), nil)
			continue
		}
		note(right.Action, cmp.Or(right.Note, "allowed"), right.Err)
	}
}

// printWithPolicy prints the findings, and then the policy to allow.
func (a setup) printWithPolicy(ctx context.Context, cfg *config.Config, found []finding) error {
	options := a.ec2Options(cfg)
	options.Repository = a.repositoryOf(ctx, cfg)
	if provider, err := ec2.New(ctx, options); err == nil {
		options.Region = provider.Region() // AWS's own configuration may name it
	}
	policy, err := options.Policy(cfg.Machine().Profile)
	if err != nil {
		return err
	}
	a.result = doctorResult{Findings: found, Policy: json.RawMessage(policy)}
	failed := a.printFindings(found)
	if !a.json {
		return errors.Join(failed, a.println("\n"+policy))
	}
	return failed
}

// repositoryOf is the repository of the checkout, as the labels of machines name
// it; empty outside of a clone.
func (a placing) repositoryOf(ctx context.Context, cfg *config.Config) string {
	p, git, err := a.preview(ctx, cfg, which{branch: "all"}) // only the repository matters
	if err != nil || git.Remote == "" {
		return ""
	}
	return p.Repository
}

// checkLogin says how machines are logged in to.
func checkLogin(options ec2.Options) (string, error) {
	if options.InstanceConnect {
		return "none in " + loginVariable + ": EC2 Instance Connect logs in", nil
	}
	if _, err := host.PublicKey(options.LoginKey); err != nil {
		return "",
			hint.Wrap(fmt.Errorf("%s: %w", loginVariable, err),
				"set it to a private key without a passphrase, such as ssh-keygen -t ed25519 makes one")
	}
	return loginVariable + " holds one", nil
}
