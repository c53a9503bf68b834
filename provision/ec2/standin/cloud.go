// Package standin answers in place of EC2's HTTP API, for tests: one account
// in one region, with the habits of the real one that programs trip over.
//
//	SDK ──HTTP──▶ Cloud ──▶ right? ─▶ dry run? ─▶ fault? ─▶ action ─▶ XML
//	                                                │
//	                              an error, or the answer is lost after the effect
//
// It tells the time by a clock that the test moves: states change, and what
// was made becomes visible, as time passes. Everything else is a function of
// the seed and the calls.
package standin

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what the account is like.
type Options struct {
	Now  func() time.Time
	Seed uint64

	NoDefaultVPC bool
	NoSpotRole   bool     // and the caller may not make it
	NotInPlan    []string // types that the account's plan refuses
	Land         Land
	DiskKey      string // that encrypts disks; empty: AWS's own
	PageSize     int    // most items of a page; 0: as many as are asked for

	Hidden  time.Duration // how long what was made is not shown
	Pending time.Duration // until a started instance runs
	Ending  time.Duration // until a stopped or terminated one is
	Record  time.Duration // how long a terminated instance stays on record; 0: an hour

	Baking time.Duration // until an image can be used

	// Booted is told of every instance that begins to run; the address that
	// it returns is the instance's.
	Booted func(id string, userData []byte) (address string)
	// Stopped is told of every instance that has stopped.
	Stopped func(id string)
	// Admitted is told of every key that Instance Connect hands to an instance.
	Admitted func(id, user, key string)
	// Tunnelled is asked where a tunnel to an instance's port leads.
	Tunnelled func(id, port string) (address string)
	// Key and Secret are what tunnels are signed with.
	Key, Secret string
	// Ended is told of every instance that has terminated.
	Ended func(id string)
	// Ruled is told of the rules of a group whenever they change.
	Ruled func(group string, rules []Rule)
}

// A Call is one request that came in.
type Call struct {
	Action string
	Form   url.Values
	Status int
	Body   string // of the answer, also of one that was lost
}

// A Fault replaces the answer to a call.
type Fault struct {
	Code string // an error instead of the effect
	Text string // what it says; empty: that it was ordered
	Lost bool   // the effect, and no answer
}

// Cloud is the account. It is an http.Handler.
type Cloud struct {
	options Options

	mutex     sync.Mutex // guards what follows
	random    *rand.Rand
	calls     []Call
	fault     func(n int, action string) Fault
	denied    map[string]bool
	noRoom    map[string]bool // "type zone", "type", "spot"
	instances []*instance
	volumes   []*volume
	cards     []*card
	groups    []*group
	endpoints []endpoint
	baked     []*baked
	tokens    map[string]launched
	console   string
	failBoot  string
	failBake  string
}

// Zones, subnets and images of the account.
const (
	Region    = "eu-test-1"
	VPC       = "vpc-0a"
	AMI       = "ami-0aa"   // amd64, of 8 GB
	ArmAMI    = "ami-0bb"   // arm64
	LargeAMI  = "ami-0cc"   // of 64 GB
	OtherVPC  = "vpc-0b"    // not the default
	OtherNet  = "subnet-0z" // in it
	BrokenAMI = "ami-0dd"   // failed
)

// owner is the number of the account.
const owner = "123456789012"

var zones = []string{Region + "a", Region + "b", Region + "c"}

// New makes an account with nothing in it.
func New(options Options) *Cloud {
	if options.Record == 0 {
		options.Record = time.Hour
	}
	return &Cloud{
		options: options, random: rand.New(rand.NewPCG(options.Seed, 7)),
		denied: map[string]bool{}, noRoom: map[string]bool{}, tokens: map[string]launched{},
	}
}

// Fault asks f before each call what is to go wrong with it; n counts from 0.
func (c *Cloud) Fault(f func(n int, action string) Fault) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.fault, c.calls = f, nil
}

// Deny takes the right to an action away.
func (c *Cloud) Deny(actions ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, action := range actions {
		c.denied[action] = true
	}
}

// NoRoom lets a type run out: everywhere, or in one zone; "spot" as a type is
// all spot capacity.
func (c *Cloud) NoRoom(typ, zone string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.noRoom[strings.TrimSpace(typ+" "+zone)] = true
}

// FailBoot ends every instance that is made from now on instead of running
// it, with that reason (AWS's name of it, a colon and a text) and console.
func (c *Cloud) FailBoot(reason, console string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.failBoot, c.console = reason, console
}

// Calls returns the calls that came in since Fault was last set.
func (c *Cloud) Calls() []Call {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.calls)
}

// Left names all that is in the account and costs money or clutters it: live
// instances, volumes, interfaces, groups, images and snapshots.
func (c *Cloud) Left() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.advance()
	var left []string
	for _, i := range c.instances {
		if i.state != "terminated" {
			left = append(left, i.id)
		}
	}
	for _, v := range c.volumes {
		left = append(left, v.id)
	}
	for _, n := range c.cards {
		left = append(left, n.id)
	}
	for _, g := range c.groups {
		left = append(left, g.id)
	}
	for _, b := range c.baked {
		left = append(left, b.left()...)
	}
	return left
}

// ServeHTTP answers one call of the Query protocol.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/openTunnel" {
		c.serveTunnel(w, r)
		return
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		c.serveConnect(w, r, target)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status, body, lost := c.answer(r.PostForm)
	if lost {
		panic(http.ErrAbortHandler) // the server's own way to break a connection
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func (c *Cloud) answer(form url.Values) (status int, body string, lost bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.advance()
	action := form.Get("Action")
	fault := Fault{}
	if c.fault != nil {
		fault = c.fault(len(c.calls), action)
	}
	result, err := c.perform(action, form, fault)
	status, body = http.StatusOK, ""
	if err != nil {
		status, body = err.status(), err.xml(c.id("req"))
	} else {
		body = element(action+"Response", append([]string{leaf("requestId", c.id("req"))}, result...)...)
		body = strings.Replace(body, ">", ` xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`, 1)
	}
	c.calls = append(c.calls, Call{action, maps.Clone(form), status, body})
	return status, body, fault.Lost
}

func (c *Cloud) perform(action string, form url.Values, fault Fault) ([]string, *apiError) {
	do, known := actions[action]
	switch {
	case !known:
		return nil, problem("InvalidAction", "The action "+action+" is not valid for this web service.")
	case fault.Code != "":
		return nil, problem(fault.Code, cmp.Or(fault.Text, "The fault of the test."))
	case c.denied[action]:
		return nil,
			problem("UnauthorizedOperation",
				"You are not authorized to perform this operation. Encoded authorization failure message: x1y2")
	}
	if action == "RunInstances" {
		if err := c.forbidden(form); err != nil {
			return nil, err
		}
	}
	if form.Get("DryRun") == "true" {
		return nil, problem("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	return do(c, form)
}

var actions = map[string]func(*Cloud, url.Values) ([]string, *apiError){
	"AuthorizeSecurityGroupIngress":          (*Cloud).authorize,
	"CreateImage":                            (*Cloud).createImage,
	"CreateSecurityGroup":                    (*Cloud).createGroup,
	"CreateTags":                             (*Cloud).createTags,
	"DeleteNetworkInterface":                 (*Cloud).deleteCard,
	"DeleteSecurityGroup":                    (*Cloud).deleteGroup,
	"DeleteSnapshot":                         (*Cloud).deleteSnapshot,
	"DeleteVolume":                           (*Cloud).deleteVolume,
	"DeregisterImage":                        (*Cloud).deregisterImage,
	"DescribeImages":                         (*Cloud).describeImages,
	"DescribeInstanceConnectEndpoints":       (*Cloud).describeEndpoints,
	"DescribeInstances":                      (*Cloud).describeInstances,
	"DescribeInstanceTypes":                  (*Cloud).describeTypes,
	"DescribeNetworkInterfaces":              (*Cloud).describeCards,
	"DescribeRouteTables":                    (*Cloud).describeRouteTables,
	"DescribeSecurityGroups":                 (*Cloud).describeGroups,
	"DescribeSnapshots":                      (*Cloud).describeSnapshots,
	"DescribeSubnets":                        (*Cloud).describeSubnets,
	"DescribeVolumes":                        (*Cloud).describeVolumes,
	"DescribeVpcBlockPublicAccessExclusions": (*Cloud).describeExclusions,
	"DescribeVpcBlockPublicAccessOptions":    (*Cloud).describeBlock,
	"DescribeVpcs":                           (*Cloud).describeVPCs,
	"GetEbsDefaultKmsKeyId":                  (*Cloud).getDiskKey,
	"GetConsoleOutput":                       (*Cloud).getConsole,
	"RevokeSecurityGroupIngress":             (*Cloud).revoke,
	"RunInstances":                           (*Cloud).runInstances,
	"StartInstances":                         (*Cloud).startInstances,
	"StopInstances":                          (*Cloud).stopInstances,
	"TerminateInstances":                     (*Cloud).terminateInstances,
}

// id makes the id of a new thing.
func (c *Cloud) id(kind string) string { return fmt.Sprintf("%s-0%016x", kind, c.random.Uint64()) }

func (c *Cloud) now() time.Time { return c.options.Now() }

// shown tells whether what was made then is visible.
func (c *Cloud) shown(made time.Time) bool { return !c.now().Before(made.Add(c.options.Hidden)) }

func (c *Cloud) getConsole(form url.Values) ([]string, *apiError) {
	i, err := c.instance(form.Get("InstanceId"))
	if err != nil {
		return nil, err
	}
	return []string{
		leaf("instanceId", i.id), leaf("timestamp", stamp(c.now())),
		leaf("output", base64.StdEncoding.EncodeToString([]byte(c.console))),
	}, nil
}

// Say sets what the console of every instance shows.
func (c *Cloud) Say(console string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.console = console
}
