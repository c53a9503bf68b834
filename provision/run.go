package provision

import (
	"sync"
	"sync/atomic"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

// A run is one up under way, or a part of one.
type run struct {
	Engine
	events
	succession
	contents
	shape
	rehearsal *rehearsal // nil: there is none
	bare      bool       // it is all that is wanted

	options Options
	result  *Result
	plan    *UpPlan // what is only planned; nil: it is done

	engineID string
	at       entrance
	lock     *claim
	mended   bool // what killed runs have left is removed
}

// succession is what serves, and what takes over.
type succession struct {
	serving generation        // Number 0: nothing serves yet
	next    generation        // what is being made
	carried map[string]string // volumes to keep: key in the compose file → name
	kept    server            // that of the serving generation, where its data is carried over
	keeping keeping           // of the next generation
}

// contents are the database of the next generation, and where its rows come from.
type contents struct {
	server server // the database of the next generation
	uses   []compose.DatabaseUse
	owner  string   // of the database that the archive goes into, where it has to be made
	others []target // further databases of the server
	warned []string // databases that were told of already

	archive  *archive // nil: none to load
	nursery  nursery  // where a template is made of it; the zero value: nowhere
	template template // of the database; the zero value: none is wanted
	making   *claim   // keeps others from loading what this run loads
	cloned   bool     // the database is a clone of it
}

// shape is the compose project of the next generation.
type shape struct {
	stack   atomic.Pointer[compose.Stack]
	shaping sync.Mutex     // held by who replaces the stack by another one of it
	written *types.Project // the stack's, before its mounts of the checkout became copies

	held       []string         // volumes that containers use only by way of others
	started    []string         // the services to start
	candidates map[string][]int // other ports that a service may be shown at
	limits     containerLimits  // of each service
	transform  compose.Options  // of the transformed project
	settled    map[string]bool  // services whose data folder is settled
	unmounted  []string         // paths of the checkout that the file mounts for data only
}
