package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/forge"
	"github.com/offshoot-dev/offshoot/internal/forge/forgetest"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/provision/ec2/standin"
)

// The label and the project are printed, and so are their secrets. Everything
// in the fork's file that reaches beyond its preview is as on the base branch.
func TestHostile_AForkWantsItsFileToDecideBeyondItsPreview(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PRODUCTION_DATABASE_URL", "postgres://u:hunter22@db/shop")
	write(t, config.Name,
		"project: other\nsource: ${PRODUCTION_DATABASE_URL}\nprivacy: off\nscanned: {a.b: [c]}\nmask: "+
			"{\"*.email\": keep}\n"+
			"pull_requests: {label: \"x${PRODUCTION_DATABASE_URL}\", share: true}\nsweep: {keep_cache: 0}\n"+
			"provider: ec2\n"+
			"preview:\n  environment: {LEAK: \"x${PRODUCTION_DATABASE_URL}\"}\n  allow: [all]\n  expires: never\n  "+
			"keep_templates: 900GB\n"+
			"  mounts: {./a: shared, ./b: empty}\n  database: {service: db, databases: {more: "+
			"s3://production/more.sql}}\n"+
			"  public: true\n  port: 80\n  domain: evil.example.com\n  acme: {directory: "+
			"\"https://evil.example.com/\"}\n"+
			"ec2: {region: us-east-1, type: p5.48xlarge, image: ami-0e1, subnets: subnet-1, disk: 16384, spot: true, "+
			"profile: admin, binary: evil, ssh: 0.0.0.0/0, security_group: sg-1}\n")
	at := &forgetest.Memory{}
	at.PutFile("main", config.Name, "project: shop\nsource: ${PRODUCTION_DATABASE_URL}\nprivacy: warn\n"+
		"pull_requests: {label: \"${PRODUCTION_DATABASE_URL}\"}\npreview: {port: 9000, expires: 3h, environment: "+
		"{OURS: \"${PRODUCTION_DATABASE_URL}\"}}\n"+
		"ec2: {type: t3.small, image: amazon-linux, profile: preview, binary: bin/offshoot, disk: 20}\n")
	cfg, ignored, wrong, err := here().strangersConfig(t.Context(), at,
		forge.Pull{Number: 7, Open: true, Fork: true, Base: "main"}, checkout{})
	if wrong != nil || err != nil {
		t.Fatal(wrong, err)
	}
	want := &config.Config{
		Path: cfg.Path, Dir: cfg.Dir, Stranger: true, Project: "shop",
		Pulls: config.Pulls{Label: "postgres://u:hunter22@db/shop"},
		EC2:   config.EC2{Types: []string{"t3.small"}, Image: "amazon-linux", Disk: 20},
		Preview: config.Preview{
			Database: "db", Environment: map[string]string{"LEAK": "x"}, Mounts: map[string]string{"./b": "empty"},
			Port: 9000, Expires: 3 * time.Hour, Rehearse: true,
		},
	}
	if diff := cmp.Diff(want, cfg, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	told := strings.Join(ignored, " ")
	for _, key := range []string{
		"project", "mask", "scanned", "privacy", "preview.database.databases",
		"preview.expires", "preview.domain", "pull_requests", "ec2",
	} {
		if !strings.Contains(told, key) {
			t.Errorf("nothing is said of %s, but %q", key, told)
		}
	}
}

// What a fork leaves as it is, is no attempt at anything.
func TestStrangersConfig_OfAnUnchangedFileSaysNothing(t *testing.T) {
	root := gitRepository(t)
	dir := filepath.Join(root, "apps", "shop")
	text := "source: ${PRODUCTION_DATABASE_URL}\nprovider: ec2\nec2: {type: \"${TYPE}\"}\npreview: {expose: {web: " +
		"80}}\n"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, config.Name), text)
	t.Chdir(dir)
	t.Setenv("PRODUCTION_DATABASE_URL", "postgres://u:hunter22@db/shop")
	t.Setenv("TYPE", "t3.small")
	at := &forgetest.Memory{}
	at.PutFile("main", "apps/shop/"+config.Name, text)
	cfg, ignored, wrong, err := here().strangersConfig(t.Context(), at, forge.Pull{Base: "main"}, checkout{Root: root})
	if err != nil || wrong != nil || len(ignored) > 0 {
		t.Fatalf("%v, %v, ignored %q", err, wrong, ignored)
	}
	if cfg.Project != "shop" || cfg.Provider != config.ProviderEC2 || cfg.EC2.Types[0] != "t3.small" ||
		cfg.Preview.Expose["web"] != 80 || cfg.Source != "" {
		t.Errorf("%+v", cfg)
	}
}

// Whoever opens a pull request chooses its base, and can change it after the approval.
func TestHostile_AForkWantsAnotherBranchesFileToDecide(t *testing.T) {
	root := gitRepository(t)
	t.Chdir(root)
	at := &forgetest.Memory{}
	at.PutFile("main", config.Name, "project: shop\nprovider: ec2\nec2: {type: t3.small}\n")
	at.PutFile("old", config.Name, "project: shop\npreview: {public: true, domain: evil.example.com}\n")
	for _, base := range []string{"main", "old", "gone"} {
		cfg, _, _, err := here().strangersConfig(t.Context(), at, forge.Pull{Base: base}, checkout{Root: root})
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Provider != config.ProviderEC2 || cfg.EC2.Types[0] != "t3.small" || cfg.Preview.Public != nil ||
			cfg.Preview.Domain != "" {
			t.Errorf("for %s: %+v", base, cfg)
		}
	}
}

func TestHostile_AForkWantsAFileOfTheJobsComputerToBeShown(t *testing.T) {
	t.Chdir(t.TempDir())
	secret := filepath.Join(t.TempDir(), "credentials")
	write(t, secret, "hunter22: x\n")
	if err := os.Symlink(secret, config.Name); err != nil {
		t.Fatal(err)
	}
	cfg, _, wrong, err := here().strangersConfig(t.Context(), &forgetest.Memory{}, forge.Pull{Base: "main"}, checkout{})
	if err != nil || cfg == nil || !errors.Is(wrong, hint.ErrUsage) || strings.Contains(wrong.Error(), "hunter22") {
		t.Errorf("a fork's: %v, %v", wrong, err)
	}
	if _, err := here().config(); err == nil || !strings.Contains(err.Error(), "unknown key") {
		t.Errorf("our own: %v", err)
	}
}

// The approval of a fork is that of its code, and not of reading production.
func TestHostile_AnApprovedForkWantsTheSourceOfTheJob(t *testing.T) {
	t.Parallel()
	source := pgtest.New(t)
	pgtest.Exec(t, source, "CREATE TABLE people (email text); INSERT INTO people VALUES ('ann@example.com')")
	j := forked(t)
	write(t, filepath.Join(j.dir, "Dockerfile"), tinyDockerfile)
	write(t, filepath.Join(j.dir, "compose.yaml"),
		strings.ReplaceAll(tinyCompose, "ALTER TABLE orders ADD COLUMN paid boolean", "SELECT 1"))
	write(t, filepath.Join(j.dir, config.Name),
		"project: "+projectName(j.dir)+"\nsource: ${PRODUCTION_DATABASE_URL}\nprivacy: off\n")
	j.env = []string{
		"OFFSHOOT_SOURCE=" + source, "PRODUCTION_DATABASE_URL=" + source,
		"OFFSHOOT_MASK_KEY=hunter2hunter2hunter2",
	}
	said := j.run(0, j.command("/preview approve "+j.pull.Commit))
	if j.served() != j.pull.Commit || !strings.Contains(said, "does not decide about privacy") {
		t.Fatalf("serves %q: %s", j.served(), said)
	}
	db := containers(t, "dev.offshoot.repository="+j.dir, "com.docker.compose.service=db")[0]
	tables, err := exec.Command("docker", "exec", db.ID, "psql", "-XAt", "-U", "shop", "shop",
		"-c", `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`).CombinedOutput()
	if err != nil || len(strings.TrimSpace(string(tables))) > 0 {
		t.Errorf("%v: the fork has %s", err, tables)
	}
}

// What a machine costs is not the fork's to say.
func TestHostile_AForkWantsAMachineOfItsChoice(t *testing.T) {
	j := newFarJob(t, standin.Options{Seed: 1, Pending: 100 * time.Millisecond})
	j.forge.PutFile("main", config.Name,
		"project: shop\nprovider: ec2\nec2: {ssh: 198.51.100.7/32, type: t3a.large, disk: 20, profile: preview}\n")
	write(t, config.Name, "project: shop\nec2: {type: p5.48xlarge, disk: 16384, profile: admin, ssh: 0.0.0.0/0}\n")
	git(t, ".", "add", "-A")
	git(t, ".", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "more")
	j.pull.Fork, j.pull.Commit = true, git(t, ".", "rev-parse", "HEAD")
	j.forge.Put(j.pull)
	j.cloud.FailBoot("Server.InternalError: it broke", "kernel panic\n")
	j.run(exitFailed, j.command("/preview approve "+j.pull.Commit))
	launches := 0
	for _, call := range j.cloud.Calls() {
		if call.Action != "RunInstances" {
			continue
		}
		launches++
		for key, want := range map[string]string{
			"InstanceType":                        "t3a.large",
			"BlockDeviceMapping.1.Ebs.VolumeSize": "20", "IamInstanceProfile.Name": "",
		} {
			if got := call.Form.Get(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
	}
	if launches == 0 {
		t.Error("no machine was asked for: the test looks in the wrong place")
	}
}
