package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Machine is where the figures come from.
type Machine struct {
	Processor string
	Cores     int
	Memory    int64 // bytes
	System    string
	Load      string // processes that wanted a core in the minute before
	Server    string // version of PostgreSQL
	Program   string // version of offshoot
}

// Machine reads what there is to say about this computer.
func (p Processes) Machine() (Machine, error) {
	texts := map[string]string{}
	for _, name := range []string{"cpuinfo", "meminfo", "loadavg", "sys/kernel/osrelease"} {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return Machine{}, err
		}
		texts[name] = string(text)
	}
	m := Machine{System: "Linux " + strings.TrimSpace(texts["sys/kernel/osrelease"])}
	m.Processor, m.Cores = processor(texts["cpuinfo"])
	m.Load, _, _ = strings.Cut(texts["loadavg"], " ")
	var err error
	m.Memory, err = kilobytes(texts["meminfo"], "MemTotal:")
	return m, err
}

// processor reads /proc/cpuinfo, which names the model on most machines.
func processor(text string) (model string, cores int) {
	model = "processor of unknown model"
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(name) {
		case "processor":
			cores++
		case "model name":
			model = strings.TrimSpace(value)
		}
	}
	return model, cores
}

// String describes the machine in one line.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores (load before: %s), %s of memory, %s, PostgreSQL %s, offshoot %s",
		m.Processor, m.Cores, m.Load, size(m.Memory), m.System, m.Server, m.Program)
}
