package main

// What commands stand on, in layers: each knows those below it and none above, and all that changes is the process's.
//
//	app        the process: its streams, variables, secrets and answer
//	sourcing   what leads to production, and what it takes to read from there
//	archiving  subsets of it, by file, folder and bucket
//	placing    repositories, and where their previews are
type (
	sourcing  struct{ *app }
	archiving struct{ sourcing }
	placing   struct{ archiving }
)

// The commands, by what they are about.
type (
	data    struct{ placing } // production's: subset, mask, explain
	making  struct{ placing } // what brings previews up, or runs what they run: up, rehearse, record
	viewing struct{ placing } // what looks at previews, stops or removes them
	jobs    struct{ placing } // what runs in CI
	setup   struct{ placing } // offshoot itself
)

// above is what commands stand on.
func (a *app) above() placing { return placing{archiving{sourcing{a}}} }
