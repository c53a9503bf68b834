package provision

import (
	"context"
	"fmt"
	"time"

	"github.com/offshoot-dev/offshoot/compose"
)

// migrate runs the migration in a container of its own.
func (r *run) migrate(ctx context.Context) error {
	if err := r.settleDatabase(ctx); err != nil {
		return err
	}
	r.rehearsal.allow()
	m := r.options.Migrate
	began := time.Now()
	exit, err := r.stackIn(ctx).Run(ctx, compose.OneOff{Service: m.Service, Command: m.Command})
	if err != nil {
		return r.failed(ctx, err)
	}
	if exit.Code != 0 {
		return &StepError{Step: StepMigrate, Service: m.Service, Err: fmt.Errorf("exit %d", exit.Code), Tail: exit.Tail}
	}
	r.result.Migrated = &Migrated{Output: exit.Tail, Took: time.Since(began)}
	return nil
}
