package main

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/volume"
)

// keptGateway is the volume that keeps the gateway. One that a killed run leaves is the next run's.
const keptGateway = "offshoot-test-gateway"

// keeping has one gateway stay for all tests of this run. It would go with the last preview of each, its templates with
// it, and be made again for the next: an empty volume says that there is one more preview.
var keeping struct {
	once sync.Once
	err  error
}

func keepGateway(t *testing.T) {
	t.Helper()
	keeping.once.Do(func() {
		_, keeping.err = engine(t).VolumeCreate(context.Background(), volume.CreateOptions{
			Name: keptGateway,
			Labels: map[string]string{
				"dev.offshoot.preview": keptGateway, "dev.offshoot.repository": keptGateway,
				"dev.offshoot.via": "offshoot-gateway",
			},
		})
	})
	if keeping.err != nil {
		t.Fatal(keeping.err)
	}
}

// removeGateway removes what keeps the gateway, and then the gateway itself, which a down does where nobody has a
// preview.
func removeGateway() {
	if connected.api == nil {
		return
	}
	_ = connected.api.VolumeRemove(context.Background(), keptGateway, true)
	if program.folder == "" {
		return
	}
	down := exec.Command(program.path(), "down", "--branch", "none")
	down.Dir, down.Env = program.folder, append(os.Environ(), "HOME="+program.folder)
	_ = down.Run()
}
