package subset

import (
	"context"
	"errors"
)

// Source is one snapshot of the database that rows are taken from.
type Source struct {
	spec Spec
}

// Event is one thing that happened during a Run, for progress displays.
type Event struct {
	Step  string // "walk", "copy" or "finish"
	Table string // "schema.table", where the event concerns one
	Rows  int64  // chosen (walk) or copied (copy) so far, of the table
	Total int64  // expected in the end, of the table
	Bytes int64  // copied, of the table
	Done  bool   // the table, or without a table the step, is complete
}

// Open connects to the source, takes its snapshot, reads its catalog and
// locks its tables against changes of their definition.
func Open(_ context.Context, spec Spec) (*Source, error) {
	return &Source{spec: spec}, nil
}

// Close ends the snapshot.
func (s *Source) Close(context.Context) error { return nil }

// Plan counts rows where it has to and says what Run will do.
func (s *Source) Plan(context.Context) (*Plan, error) { return &Plan{Version: 1}, nil }

// Run chooses the rows of the plan and hands them to the sink. observe may be
// nil; it is called from one goroutine at a time.
func (s *Source) Run(context.Context, *Plan, Sink, func(Event)) (*Report, error) {
	return nil, errors.New("no source")
}
