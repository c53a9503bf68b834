package compose

import (
	"github.com/compose-spec/compose-go/v2/types"
)

// Stack runs one transformed project on an engine. Its methods may be called
// one after another, not at the same time.
type Stack struct {
	engine  *Engine
	project *types.Project
	observe func(Event)
}

// NewStack returns the stack of p, as Transform made it. Observe gets what
// happens, one call at a time; it may be nil.
func NewStack(e *Engine, p *types.Project, observe func(Event)) *Stack {
	return newStack(e, p, observe)
}

// Project is the project that the stack runs.
func (s *Stack) Project() *types.Project { return s.project }
