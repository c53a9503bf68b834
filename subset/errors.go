package subset

import (
	"errors"
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// Sinks refuse a target with these; they come wrapped with its name.
var (
	ErrTargetNotEmpty = errors.New("target is not empty")
	ErrTargetIsSource = errors.New("target is the source")
)

// ErrSourceLost says that the connection to the source broke after the
// snapshot was taken: the run cannot be continued, only begun again.
var ErrSourceLost = errors.New("connection to the source lost")

// ErrRecoveryConflict says that the standby ended the snapshot, because what
// it had to replay could not wait for it: the primary had removed rows that
// the snapshot sees, or changed a table. The run cannot be continued, but
// begun again it may well succeed.
var ErrRecoveryConflict = errors.New("the standby ended the snapshot, in conflict with its recovery")

// PermissionError lists the relations that the role may not read but would
// have to.
type PermissionError struct {
	Role   string
	Tables []catalog.Name
}

func (e *PermissionError) Error() string {
	return fmt.Sprintf("role %s may not read %s", e.Role, catalog.ListNames(e.Tables))
}

// RowSecurityError lists the tables of which row-level security hides rows
// from the role, so that a subset of them could not be complete.
type RowSecurityError struct {
	Role   string
	Tables []catalog.Name
}

func (e *RowSecurityError) Error() string {
	return fmt.Sprintf("row-level security hides rows of %s from role %s", catalog.ListNames(e.Tables), e.Role)
}
