package bench

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// proc writes files as Linux shows them below /proc.
func proc(t *testing.T, files map[string]string) Processes {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Processes{Dir: dir}
}

func TestParseStat_CountsFieldsFromTheLastBracket(t *testing.T) {
	for _, name := range []string{"postgres", "a b", "odd) S 9 (name", ""} {
		got, err := parseStat("42 (" + name + ") S 7 42 42 0 -1 4194560 1 2 3 4 110 120 130 140 20 0 1 0\n")
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if want := (stat{parent: 7, user: 110, system: 120, deadUser: 130, deadSystem: 140}); got != want {
			t.Errorf("%q: %+v", name, got)
		}
	}
}

func TestParseStat_RefusesOtherLines(t *testing.T) {
	for _, line := range []string{"", "42 (x) S 7", "42 (x) S seven 42 42 0 -1 4194560 1 2 3 4 110 120 130 140 20"} {
		if _, err := parseStat(line); !errors.Is(err, errStat) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestCPU_AddsTheLivingAndTheDead(t *testing.T) {
	p := proc(t, map[string]string{
		"100/stat": "100 (postgres) S 1 0 0 0 -1 0 0 0 0 0 100 200 1000 2000 20",
		"101/stat": "101 (postgres) R 100 0 0 0 -1 0 0 0 0 0 10 20 0 0 20",
		"102/stat": "102 (postgres) S 100 0 0 0 -1 0 0 0 0 0 1 2 0 0 20",
		"103/stat": "103 (somebody) S 1 0 0 0 -1 0 0 0 0 0 5000 5000 0 0 20",
		"self/x":   "",
	})
	got, err := p.CPU(100)
	if err != nil || got != 33.33 {
		t.Errorf("%g, %v", got, err)
	}
	if _, err := p.CPU(999); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestChildren_AreThoseWithThatParent(t *testing.T) {
	p := proc(t, map[string]string{
		"9/stat":  "9 (a) S 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20",
		"12/stat": "12 (b) S 9 0 0 0 -1 0 0 0 0 0 0 0 0 0 20",
		"10/stat": "10 (b) S 9 0 0 0 -1 0 0 0 0 0 0 0 0 0 20",
		"11/comm": "it has just ended\n",
	})
	got, err := p.Children(9)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{10, 12}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPeak_IsInBytes(t *testing.T) {
	p := proc(t,
		map[string]string{
			"7/status": "Name:\tx\nVmPeak:\t  9999 kB\nVmHWM:\t   1234 kB\n",
			"8/status": "Name:\tkthread\n",
		})
	if got, err := p.Peak(7); err != nil || got != 1234*1024 {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := p.Peak(8); err == nil {
		t.Error("a process without memory has none to tell")
	}
}

func TestPeakOfChildren_LeavesOutWhatIsNotYetAnotherProgram(t *testing.T) {
	p := proc(t, map[string]string{
		"9/stat": "9 (offshoot) S 1 0 0 0 -1 0 0 0 0 0 0 0 0 0 20", "9/comm": "offshoot\n",
		"9/status": "VmHWM: 90 kB\n",
		"10/stat":  "10 (pg_dump) S 9 0 0 0 -1 0 0 0 0 0 0 0 0 0 20", "10/comm": "pg_dump\n",
		"10/status": "VmHWM: 10 kB\n",
		"11/stat":   "11 (offshoot) S 9 0 0 0 -1 0 0 0 0 0 0 0 0 0 20", "11/comm": "offshoot\n",
		"11/status": "VmHWM: 90 kB\n",
	})
	if got := p.peakOfChildren(9); got != 10*1024 {
		t.Errorf("%d", got)
	}
}

// TestWatch_SeesWhatAProcessTakes runs a shell, and below it this very binary,
// which takes more memory than a shell does.
func TestWatch_SeesWhatAProcessTakes(t *testing.T) {
	if os.Getenv("BENCH_CHILD") == "1" {
		_, _ = os.Stdout.WriteString("ready\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc here")
	}
	cmd := exec.Command("/bin/sh", "-c", `"$0" -test.run='^TestWatch_SeesWhatAProcessTakes$'; true`, os.Args[0])
	cmd.Env = append(os.Environ(), "BENCH_CHILD=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	close(done)
	own, child := Processes{Dir: "/proc"}.Watch(cmd.Process.Pid, done)
	if own < 100<<10 || child <= own {
		t.Errorf("the shell took %d bytes, its child %d", own, child)
	}
	if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
}

func TestMachine_ReadsWhatLinuxSays(t *testing.T) {
	p := proc(t, map[string]string{
		"cpuinfo":              "processor\t: 0\nmodel name\t: Model: 12\n\nprocessor\t: 1\nmodel name\t: Model: 12\n",
		"meminfo":              "MemTotal:       24683660 kB\nMemFree: 1 kB\n",
		"loadavg":              "1.50 2.00 3.00 1/100 12345\n",
		"sys/kernel/osrelease": "6.1.0\n",
	})
	got, err := p.Machine()
	if err != nil {
		t.Fatal(err)
	}
	want := Machine{Processor: "Model: 12", Cores: 2, Memory: 24683660 * 1024, System: "Linux 6.1.0", Load: "1.50"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := (Processes{Dir: t.TempDir()}).Machine(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestProcessor_MayBeUnnamed(t *testing.T) {
	if model, cores := processor("processor\t: 0\nBogoMIPS\t: 50.00\n"); cores != 1 ||
		model != "processor of unknown model" {
		t.Errorf("%d × %s", cores, model)
	}
}
