package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/vault"
)

// SubsetMachine is the machine that makes a subset beside the source, for as long as
// that takes.
type SubsetMachine struct {
	Source        string // where the connection string is kept, as package vault reads it
	Profile       string
	Types         []string
	Subnets       []string
	SecurityGroup string
	Limit         time.Duration // 0: DefaultLimit
}

// DefaultLimit is after how long a machine that makes a subset ends itself.
const DefaultLimit = 3 * time.Hour

func (m *SubsetMachine) fields() []field {
	return []field{
		{
			name: "source", value: vaultPlace(&m.Source),
			about: "where the machine finds the connection string of the source: `secretsmanager:NAME` or " +
				"`ssm:NAME`, a name or an ARN; `secretsmanager:NAME#KEY` where it is one value of a JSON document",
			absent: "none; `--on` needs it", example: "secretsmanager:prod/shop/url",
		},
		{
			name: "profile", value: text(&m.Profile),
			about:  "name of the instance profile that may read that, and write to the bucket; no preview has it",
			absent: "as `ec2.profile`",
		},
		{name: "type", value: texts(&m.Types), about: "instance types", absent: "as `ec2.type`"},
		{
			name: "subnets", value: texts(&m.Subnets), about: "ids of subnets from which the source is reached",
			absent: "as `ec2.subnets`",
		},
		{
			name: "security_group", value: text(&m.SecurityGroup),
			about:  "id of a security group that the source lets in, and that lets us in by SSH (port 2222)",
			absent: "as `ec2.security_group`",
		},
		{
			name: "limit", value: duration(&m.Limit),
			about: "after this time the machine ends itself, whatever becomes of us", absent: "`3h`",
		},
	}
}

func vaultPlace(into *string) value {
	return value{schema: &schema{Type: "string"}, read: func(d *decoder, n node, where string) {
		text(into).read(d, n, where)
		if *into == "" {
			return
		}
		if _, err := vault.Parse(*into); err != nil {
			d.wrap(n, err)
		}
	}}
}

// on reads where subsets are made.
func on(into *string) value {
	return value{schema: words(ProviderEC2), read: func(d *decoder, n node, where string) {
		text(into).read(d, n, where)
		if err := CheckOn(*into); err != nil {
			d.wrap(n, err)
		}
	}}
}

// CheckOn refuses a place that subsets are not made at; none at all is this computer.
func CheckOn(name string) error {
	if name == "" || name == ProviderEC2 {
		return nil
	}
	return hint.Usage(fmt.Errorf("subsets are not made on %q", name), "use ec2, or leave it out for this computer")
}

// Machine is the configuration of the machine that makes subsets: that of previews, and
// what is said of it alone.
func (c *Config) Machine() EC2 {
	e, m := c.EC2, c.Subset.Machine
	if len(m.Types) > 0 {
		e.Types = m.Types
	}
	if len(m.Subnets) > 0 {
		e.Subnets = m.Subnets
	}
	if m.SecurityGroup != "" {
		e.SecurityGroup = m.SecurityGroup
	}
	if m.Profile != "" {
		e.Profile = m.Profile
	}
	return e
}

// ForMachine is what another computer needs of the file to make the same subset: which
// rows, which masks, and how to sign in; with the variables replaced that these name, and
// without any other.
func (c *Config) ForMachine(lookup func(string) (string, bool)) ([]byte, error) {
	if c.Path == "" {
		return nil, nil
	}
	data, err := read(c.Path)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("configuration: %w", err), "")
	}
	var document yaml.Node
	if strings.TrimSpace(WithoutComments(string(data))) == "" {
		return nil, nil
	}
	d := &decoder{file: relative(c.Dir, c.Path), lookup: lookup}
	if err := yaml.Load(data, &document); err != nil {
		return nil, d.syntax(err)
	}
	root := newNode(document.Content[0])
	kept := &yaml.Node{Kind: yaml.MappingNode}
	d.pairs(root, "", func(key, value node) {
		switch {
		case slices.Contains([]string{"subset", "mask", "schema", "scanned", "privacy"}, key.Value):
			kept.Content = append(kept.Content, key.Node, d.replaced(value, key.Value))
		case key.Value == "source" && value.isMapping():
			kept.Content = append(kept.Content, key.Node, d.signIn(value))
		}
	})
	if err := d.err(); err != nil || len(kept.Content) == 0 {
		return nil, err
	}
	return yaml.Marshal(kept)
}

// signIn is what a source says of how to sign in. The rest is for this computer.
func (d *decoder) signIn(source node) *yaml.Node {
	kept := &yaml.Node{Kind: yaml.MappingNode}
	d.pairs(source, "source", func(key, value node) {
		if key.Value == "auth" || key.Value == "region" {
			kept.Content = append(kept.Content, key.Node, d.replaced(value, "source."+key.Value))
		}
	})
	return kept
}

// replaced is a value with its variables replaced, which reads as it is from then on.
func (d *decoder) replaced(n node, where string) *yaml.Node {
	if n.Kind == yaml.ScalarNode {
		if n.isNull() {
			return n.Node
		}
		value, _ := d.scalar(n, where, "text")
		return &yaml.Node{
			Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle,
			Value: strings.ReplaceAll(value, "${", "$${"),
		}
	}
	made := &yaml.Node{Kind: n.Kind, Tag: n.Tag}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			made.Content = append(made.Content, newNode(child).Node)
			continue
		}
		made.Content = append(made.Content, d.replaced(newNode(child), where))
	}
	return made
}
