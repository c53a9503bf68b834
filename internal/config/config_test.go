package config

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

const fullConfig = `# everything at once
project: shop
source: ${DB_URL}
subset:
  curve: {10: 3, 1_000: 0x4d}
  tables:
    public.countries: all
    public.audit_log: none
    public.orders: {where: "created_at > now() - interval '90 days' AND note <> '$5'", rows: 5000}
    public.events: {share: 0.25}
  references:
    - public.comments.author_id -> public.users.id
    - public.attachments.record_id -> public.orders.id when record_type = 'Order'
preview:
  compose: [compose.yaml, compose.preview.yaml]
  database: db
  migrate: {service: web, command: [alembic, upgrade, head]}
  expose: {web: 8000, admin: }
  expires: 3d12h
  keep_templates: 50GB
  environment: &env {DEBUG: true, WORKERS: 2, URL: "http://$${HOST}/${PORT}"}
  allow: docker.sock
  port: ${PORT}
  domain: "{ip}.example.com"
  public: false
  acme: {directory: "https://ca/dir", email: a@b.c, roots: PEM, profile: short, key_id: k, key: c2VjcmV0,
    second: {directory: "https://other/dir"}}
sweep: {keep_cache: 1.5GB}
provider: docker
ec2:
  region: eu-west-1
  type: [t4g.large, m7g.large]
  image: amazon-linux
  subnets: subnet-1
  security_group: sg-1
  ssh: [203.0.113.9/24, "2001:db8::/32"]
  spot: true
  disk: 64
  profile: builder
  binary: bin/offshoot
  prices: {t4g.large: 0.0672}
`

func TestConfig_ReadsEveryKey(t *testing.T) {
	c := &Config{}
	if err := c.Parse(Name, []byte(fullConfig), lookup("DB_URL", "postgres://db/shop", "PORT", "8481")); err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Project: "shop",
		Source:  "postgres://db/shop",
		Subset: Subset{
			Curve: plan.Curve{From: plan.Point{Source: 10, Kept: 3}, To: plan.Point{Source: 1000, Kept: 77}},
			Tables: map[string]plan.Rule{
				"public.countries": {All: true},
				"public.audit_log": {None: true},
				"public.orders":    {Where: "created_at > now() - interval '90 days' AND note <> '$5'", Rows: 5000},
				"public.events":    {Share: 0.25},
			},
			References: []string{
				"public.comments.author_id -> public.users.id",
				"public.attachments.record_id -> public.orders.id when record_type = 'Order'",
			},
		},
		Preview: Preview{
			Compose:       []string{"compose.yaml", "compose.preview.yaml"},
			Database:      "db",
			Migrate:       &Migrate{Service: "web", Command: []string{"alembic", "upgrade", "head"}},
			Expose:        map[string]int{"web": 8000, "admin": 0},
			Expires:       84 * time.Hour,
			KeepTemplates: new(int64(50_000_000_000)),
			Environment:   map[string]string{"DEBUG": "true", "WORKERS": "2", "URL": "http://${HOST}/8481"},
			Allow:         []string{"docker.sock"},
			Port:          8481,
			Domain:        "{ip}.example.com",
			Public:        new(bool),
			ACME: gateway.ACME{
				Authority: gateway.Authority{
					Directory: "https://ca/dir", Roots: "PEM", Profile: "short", KeyID: "k",
					Key: "c2VjcmV0",
				}, Email: "a@b.c",
				Second: gateway.Authority{Directory: "https://other/dir"},
			},
		},
		Sweep:    Sweep{KeepCache: new(int64(1_500_000_000))},
		Provider: "docker",
		EC2: EC2{
			Region: "eu-west-1", Types: []string{"t4g.large", "m7g.large"}, Image: "amazon-linux",
			Subnets: []string{"subnet-1"}, SecurityGroup: "sg-1",
			SSH:  []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")},
			Spot: true, Disk: 64, Profile: "builder",
			Binary: "bin/offshoot", Prices: map[string]float64{"t4g.large": 0.0672},
		},
	}
	if diff := cmp.Diff(want, c, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestConfig_ErrorsNameTheLineAndWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
		hints      []string
	}{
		{
			"unknown keys, all at once", "sauce: x\nsubset:\n  tabels: {}\npreview:\n  wobble: 1\n",
			[]string{
				`offshoot.yaml:1: unknown key "sauce"`,
				`offshoot.yaml:3: unknown key "subset.tabels"`,
				`offshoot.yaml:5: unknown key "preview.wobble"`,
			},
			[]string{
				`did you mean "source"?`, `did you mean "tables"?`,
				"known here: compose, profiles, without, env_files, build, database, migrate, rehearse, expose, " +
					"expires, keep_templates, environment, mounts, allow, port, domain, public, acme",
			},
		},
		{
			"wrong machines", "provider: gcp\nec2:\n  ssh: [here]\n  spot: maybe\n  disk: 2\n  typo: x\n" +
				"masks: {public.users.email: email}\n",
			[]string{
				`offshoot.yaml:1: unknown provider "gcp"`,
				`offshoot.yaml:3: ec2.ssh: "here" is no network`,
				"offshoot.yaml:4: ec2.spot: not true or false",
				"offshoot.yaml:5: ec2.disk: 2 is not between 8 and 16384",
				`offshoot.yaml:6: unknown key "ec2.typo"`,
				`offshoot.yaml:7: unknown key "masks"`,
			},
			[]string{
				"use provider: docker or ec2, or remove the line",
				"write it like 203.0.113.0/24, and one address like 203.0.113.7/32",
				`did you mean "type"?`, `did you mean "mask"?`,
			},
		},
		{
			"wrong types", "project: [a]\nsubset: 5\npreview:\n  port: many\n  expires: soon\n" +
				"  migrate: {command: make}\n",
			[]string{
				"offshoot.yaml:1: project: not text",
				"offshoot.yaml:2: subset: not a mapping",
				"offshoot.yaml:4: preview.port: not a whole number",
				"offshoot.yaml:5: preview.expires: not a duration",
				"offshoot.yaml:6: preview.migrate.command: not a list",
				"offshoot.yaml:6: preview.migrate: service is missing",
			},
			[]string{"write it like 72h, 3d or never", "write it like [one, two]"},
		},
		{
			"rules", "subset:\n  tables:\n    orders: all\n    a.b: some\n    a.c: {rows: 0}\n    a.d: {share: 2}\n" +
				"    a.e: {rows: 1, share: 0.5}\n    a.f: {row: 1}\n",
			[]string{
				"offshoot.yaml:3: subset.tables.orders: table without its schema",
				"offshoot.yaml:4: subset.tables.a.b: not all, none or {where, rows, share}",
				"offshoot.yaml:5: subset.tables.a.c.rows: 0 is not a number of rows",
				"offshoot.yaml:6: subset.tables.a.d.share: not a share",
				"offshoot.yaml:7: subset.tables.a.e: rows and share",
				`offshoot.yaml:8: unknown key "subset.tables.a.f.row"`,
			},
			[]string{
				"write public.orders", "use none to keep no row", "a share lies above 0 and is at most 1",
				"keep one of them", `did you mean "rows"?`,
			},
		},
		{
			"curve", "subset:\n  curve: {10: 3}\n",
			[]string{"offshoot.yaml:2: curve: 1 points, not 2"},
			[]string{"give two points, such as 10:3,1000000:10000"},
		},
		{
			"variables",
			"project: ${NOPE}\npreview:\n  database: ${}\n  port: ${PORT}\n  environment: {A: \"${open\"}\n",
			[]string{
				"offshoot.yaml:1: project: environment variable NOPE is not set",
				"offshoot.yaml:3: preview.database: ${ without a variable's name and }",
				"offshoot.yaml:4: preview.port: 99999 is not between 1 and 65535",
				"offshoot.yaml:5: preview.environment.A: ${ without a variable's name and }",
			},
			[]string{"export NOPE, or write the value itself", "write $${ for a literal ${"},
		},
		{
			"keys given twice", "source: a\nsource: b\nsubset:\n  tables: {a.b: all, a.b: none}\n",
			[]string{"offshoot.yaml:2: source is given twice", "offshoot.yaml:4: subset.tables.a.b is given twice"},
			nil,
		},
		{
			"syntax", "source: x\nsubset: [1\n", []string{"offshoot.yaml:3: did not find expected ',' or ']'"}, nil,
		},
		{"not a mapping", "- a\n- b\n", []string{"offshoot.yaml:1: the file: not a mapping"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := new(Config).Parse(Name, []byte(c.file), lookup("PORT", "99999"))
			if !errors.Is(err, hint.ErrUsage) {
				t.Fatalf("error %v is no usage error", err)
			}
			if diff := cmp.Diff(c.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.hints, hint.Of(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfig_AnUnsetSourceWaitsForWhoNeedsIt(t *testing.T) {
	c := &Config{}
	if err := c.Parse(Name, []byte("# x\n\nsource: ${NOPE}\n"), lookup()); err != nil {
		t.Fatal(err)
	}
	want := "offshoot.yaml:3: source: environment variable NOPE is not set"
	if c.SourceUnset == nil || c.SourceUnset.Error() != want || !errors.Is(c.SourceUnset, hint.ErrUsage) {
		t.Errorf("error %v, want %s", c.SourceUnset, want)
	}
	if err := c.Parse(Name, []byte("source: ${\n"), lookup()); err == nil {
		t.Error("a broken reference waits too")
	}
}

func TestConfig_EmptyFilesAndNullsChangeNothing(t *testing.T) {
	for _, file := range []string{"", "\n", "# only this\n", "source:\nsubset:\npreview:\n  migrate:\n"} {
		c := &Config{}
		if err := c.Parse(Name, []byte(file), lookup()); err != nil {
			t.Errorf("%q: %v", file, err)
		}
		if diff := cmp.Diff(&Config{}, c); diff != "" {
			t.Errorf("%q: %s", file, diff)
		}
	}
}

func TestLoadConfig_LooksUpToTheRootOfTheCheckout(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "repo", "a", "b")
	for _, dir := range []string{deep, filepath.Join(root, "repo", ".git")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, Name), "project: outside\n")
	c, err := Load(deep, lookup())
	if err != nil || c.Path != "" || c.Dir != deep || c.Preview.Expires != DefaultExpires {
		t.Errorf("without a file in the checkout: %+v, %v", c, err)
	}
	path := filepath.Join(root, "repo", Name)
	write(t, path, "project: inside\n")
	c, err = Load(deep, lookup())
	if err != nil || c.Path != path || c.Project != "inside" || c.Dir != filepath.Dir(path) {
		t.Errorf("with one: %+v, %v", c, err)
	}
	write(t, path, "nope: 1\n")
	if _, err = Load(deep, lookup()); err == nil || !strings.HasPrefix(err.Error(), "../../offshoot.yaml:1: ") {
		t.Errorf("error %v does not say where the file is", err)
	}
	write(t, filepath.Join(root, "repo", "a", "offshoot.yml"), "")
	if _, err = Load(deep, lookup()); err == nil || !errors.Is(err, hint.ErrUsage) {
		t.Errorf("offshoot.yml is passed over in silence: %v", err)
	}
}

func TestLoadConfig_OutsideACheckoutOnlyTheFolderItself(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, Name), "nope: 1\n")
	if c, err := Load(filepath.Join(dir, "sub"), lookup()); err != nil || c.Path != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Load(dir, lookup()); err == nil {
		t.Error("the file beside is not read")
	}
}

func TestParseDuration_DaysAndNever(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"72h": 72 * time.Hour, "3d": 72 * time.Hour, "1d12h": 36 * time.Hour, "90m": 90 * time.Minute, "never": 0,
	} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "-1h", "d", "12", "99999999d", "1d1x"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func lookup(pairs ...string) func(string) (string, bool) {
	env := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
