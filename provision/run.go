package provision

import (
	"sync"
	"sync/atomic"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/offshoot-dev/offshoot/compose"
)

// A run is one up under way, or another command that makes a generation or a part of one. It is made of layers, each of
// which knows those below it and none above:
//
//	job       the preview, what serves and what takes over, and what is told of it
//	shape     the compose project of the next generation, and its containers
//	contents  which databases of its server archives go into
//	filling   that server, and how it gets its rows
//	cloning   templates, by which it gets them sooner
//	opening   the gateway, and what answers to it
type run struct {
	opening
	rehearsal *rehearsal // nil: there is none
}

func newRun(e Engine, options Options, observe func(Event)) *run {
	r := new(run)
	r.Engine, r.options, r.observe = e, options, observe
	r.result = &Result{Preview: options.Preview, Commit: options.Commit, Links: []Link{}, Timings: []Timing{}}
	return r
}

// A job is what every part of a run knows.
type job struct {
	Engine
	events
	succession

	options Options
	result  *Result
	plan    *UpPlan // what is only planned; nil: it is done
	bare    bool    // a rehearsal is all that is wanted

	engineID string
	at       entrance
	lock     *claim
	mended   bool     // what killed runs have left is removed
	archive  *archive // nil: none to load
}

// succession is what serves, and what takes over.
type succession struct {
	serving generation        // Number 0: nothing serves yet
	next    generation        // what is being made
	carried map[string]string // volumes to keep: key in the compose file → name
	kept    server            // that of the serving generation, where its data is carried over
	keeping keeping           // of the next generation
}

// shape is the compose project of the next generation.
type shape struct {
	job
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

// contents are the databases of the next generation that archives go into.
type contents struct {
	shape
	server server // the database of the next generation
	uses   []compose.DatabaseUse
	owner  string   // of the database that the archive goes into, where it has to be made
	others []target // further databases of the server
	warned []string // databases that were told of already
}

// filling is how the server of the next generation gets its rows.
type filling struct {
	contents
	nursery nursery // where a template is made of it; the zero value: nowhere
	cloned  bool    // the database is a clone of a template
}

// cloning is how it gets them sooner.
type cloning struct {
	filling
	template template // of the database; the zero value: none is wanted
	making   *claim   // keeps others from loading what this run loads
}

// opening is how the next generation gets to whoever opens it.
type opening struct{ cloning }
