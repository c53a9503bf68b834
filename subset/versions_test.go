package subset_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

// onEveryVersion are the tests that a server of another version may fail.
const onEveryVersion = "^(TestRun_IsCompleteOnEveryFixture|TestRun_CopiesEveryValueAsItIs|TestRun_CopesWithHardCases|TestRun_TakesValuesAndKeysOfEveryType|" +
	"TestRun_CopesWithWhatStandsInTheWayOfRows|TestRun_LeavesNoTraceInTheSource|TestRun_TellsAConflictWithRecovery|TestVerify_.*)$"

// TestRun_WorksOnEveryServerHere runs this test binary again on each version
// from 13 on that the machine has beside the one that all tests use.
func TestRun_WorksOnEveryServerHere(t *testing.T) {
	if os.Getenv("OFFSHOOT_TEST_PG_BIN") != "" {
		t.Skip("OFFSHOOT_TEST_PG_BIN names one version")
	}
	for version, dir := range pgtest.Others(t) {
		if version < 13 {
			continue
		}
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run="+onEveryVersion, "-test.count=1")
			cmd.Env = append(os.Environ(), "OFFSHOOT_TEST_PG_BIN="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
