package snapshot_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
