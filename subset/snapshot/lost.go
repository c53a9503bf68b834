package snapshot

import "errors"

// ErrSourceLost says that the connection to the source broke after the
// snapshot was taken: the run cannot be continued, only begun again.
var ErrSourceLost = errors.New("connection to the source lost")

// ErrRecoveryConflict says that the standby ended the snapshot, because what
// it had to replay could not wait for it: the primary had removed rows that
// the snapshot sees, or changed a table. The run cannot be continued, but
// begun again it may well succeed.
var ErrRecoveryConflict = errors.New("the standby ended the snapshot, in conflict with its recovery")
