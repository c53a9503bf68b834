package plan

import (
	"fmt"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

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
