package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// A listening is what was heard of the ports that one service may be shown at.
type listening struct {
	service string
	link    Link
	named   bool  // by preview.expose, so that there is one number
	numbers []int // the likeliest first, without those that turned out to speak something else

	last  gateway.Answer // of the first number
	since time.Time      // since when it speaks so
	times int
	bytes bool   // it said something in that time
	aside string // why it is not shown
}

const (
	// A server that starts may say strange things once, or hang up for longer.
	foreignFor, foreignTimes = 3 * time.Second, 4
	hangupFor                = 10 * time.Second
	// After these another port of the service is asked, and what is silent is
	// left aside where others answer: a server may listen before it can answer.
	closedFor, silentFor = time.Minute, 30 * time.Second
)

// note takes down what was heard.
func (l *listening) note(answer gateway.Answer, now time.Time) {
	if l.times == 0 || kindOf(answer.Spoke) != kindOf(l.last.Spoke) {
		l.since, l.times, l.bytes = now, 0, false
	}
	l.times++
	l.last = answer
	l.bytes = l.bytes || answer.Spoke == gateway.Foreign || answer.Spoke == gateway.TLS
}

// kindOf takes together how something that is not HTTP may react to it.
func kindOf(spoke gateway.Spoken) gateway.Spoken {
	if spoke == gateway.Hangup || spoke == gateway.TLS {
		return gateway.Foreign
	}
	return spoke
}

// answers tells whether it serves pages, whatever it thinks of this one. By
// some answers a proxy says that what is behind it is not up yet.
func (l *listening) answers() bool {
	return l.last.Spoke == gateway.HTTP && !slices.Contains([]int{502, 503, 504}, l.last.Status)
}

// foreign tells whether its port is certain to speak something else.
func (l *listening) foreign(now time.Time) bool {
	needed := hangupFor
	if l.bytes {
		needed = foreignFor
	}
	return kindOf(l.last.Spoke) == gateway.Foreign && l.times >= foreignTimes && now.Sub(l.since) >= needed
}

// slow tells whether it is time to look at what else there is.
func (l *listening) slow(now time.Time) bool {
	switch l.last.Spoke {
	case gateway.Nothing:
		return now.Sub(l.since) >= closedFor
	case gateway.Silence:
		return now.Sub(l.since) >= silentFor
	}
	return false
}

// drop goes on with the next port, if there is one.
func (l *listening) drop() bool {
	if len(l.numbers) < 2 {
		return false
	}
	l.numbers, l.times = l.numbers[1:], 0
	return true
}

// String says what is the matter.
func (l *listening) String() string {
	port := fmt.Sprintf("port %d ", l.numbers[0])
	switch l.last.Spoke {
	case gateway.HTTP:
		return port + "answers " + statusOf(l.last.Status)
	case gateway.TLS:
		return port + "speaks TLS and not plain HTTP"
	case gateway.Foreign:
		return port + "does not speak HTTP"
	case gateway.Hangup:
		return port + "ends connections without an answer"
	case gateway.Silence:
		return port + "takes connections and says nothing"
	case gateway.Nothing:
		return port + "takes no connections"
	}
	return port + "was not asked"
}

// failure is what String says, with what helps.
func (l *listening) failure() error {
	advice := "name the services to show and their HTTP ports under preview.expose in offshoot.yaml, for instance " +
		"{web: 8000}"
	if l.last.Spoke == gateway.Nothing {
		advice = "it has to listen on 0.0.0.0, not only on 127.0.0.1; or " + advice
	}
	if l.named {
		advice = "preview.expose in offshoot.yaml names a port that has to answer HTTP"
		if l.last.Spoke == gateway.Nothing {
			advice += ", on 0.0.0.0 and not only on 127.0.0.1"
		}
	}
	return hint.Wrap(fmt.Errorf("%s", l), "%s", advice)
}

func statusOf(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// awaitAnswers waits until every exposed port answers HTTP, and leaves aside
// those that speak something else and that nobody has named.
func (o *opening) awaitAnswers(ctx context.Context) error {
	deadline := time.Now().Add(o.timeout())
	all := o.listenings()
	var answered atomic.Int32
	group, within := errgroup.WithContext(ctx)
	for _, l := range all {
		group.Go(func() error { return o.listen(within, l, &answered, deadline) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return o.show(ctx, all)
}

func (o *opening) listenings() []*listening {
	var all []*listening
	for i, link := range o.next.links(o.at) {
		l := &listening{
			service: link.Service, link: link, named: len(o.options.Expose) > 0,
			numbers: []int{o.next.Expose[i].Number},
		}
		if !l.named {
			for _, number := range o.candidates[link.Service] {
				if !slices.Contains(l.numbers, number) {
					l.numbers = append(l.numbers, number)
				}
			}
		}
		all = append(all, l)
	}
	return all
}

// listen asks one service until it is known how it is with it. It gives up at
// once when the container has ended.
func (o *opening) listen(ctx context.Context, l *listening, answered *atomic.Int32, deadline time.Time) error {
	for began := time.Now(); ; {
		c, err := o.containerOf(ctx, l.service)
		if err != nil {
			return err
		}
		if c.State == container.StateExited || c.State == container.StateDead {
			return o.ended(ctx, l, c)
		}
		trouble := fmt.Errorf("container is %s", c.State)
		if c.running() {
			trouble = o.askOnce(ctx, l, c)
		}
		now := time.Now()
		switch {
		case trouble != nil && now.After(deadline):
			return o.stepFailed(ctx, l.service, fmt.Errorf("port %d does not answer: %w", l.numbers[0], trouble))
		case trouble != nil:
		case l.answers():
			answered.Add(1)
			return nil
		case l.foreign(now) && !l.drop():
			if l.named {
				return o.stepFailed(ctx, l.service, l.failure())
			}
			l.aside = l.String()
			return nil
		case l.slow(now) && l.last.Spoke == gateway.Silence && !l.named && answered.Load() > 0:
			l.aside = l.String()
			return nil
		case now.After(deadline):
			return o.stepFailed(ctx, l.service, l.failure())
		}
		if err := pause(ctx, askAgain(now.Sub(began))); err != nil {
			return err
		}
	}
}

// askAgain is how long to wait before a service is asked again that was asked for so long. To ask takes a fifth of a
// processor's second, which what starts so slowly needs itself.
func askAgain(asked time.Duration) time.Duration {
	return min(max(asked/20, 250*time.Millisecond), time.Second)
}

// askOnce asks the likeliest port, and the others of a service whose likeliest
// has been closed or silent for long: it may be one for a debugger.
func (o *opening) askOnce(ctx context.Context, l *listening, c seenContainer) error {
	answer, err := o.probe(ctx, c, l.numbers[0], l.link)
	if err != nil {
		return err
	}
	l.note(answer, time.Now())
	if !l.slow(time.Now()) {
		return nil
	}
	for i, number := range l.numbers[1:] {
		other := &listening{numbers: []int{number}}
		if other.last, err = o.probe(ctx, c, number, l.link); err != nil {
			return err
		}
		if other.answers() {
			l.numbers, l.last = l.numbers[i+1:], other.last
			return nil
		}
	}
	return nil
}

// containerOf is the container of a service, by as little as the engine can be asked.
func (o *opening) containerOf(ctx context.Context, service string) (seenContainer, error) {
	all, err := o.stack.Load().Ps(ctx)
	if err != nil {
		return seenContainer{}, err
	}
	for _, c := range all {
		if c.Service == service && !c.OneOff {
			return seenContainer{ID: c.ID, State: c.State}, nil
		}
	}
	return seenContainer{}, fmt.Errorf("service %s has no container", service)
}

// ended says how a container ended that was to answer.
func (o *opening) ended(ctx context.Context, l *listening, c seenContainer) error {
	var failed *compose.NotReady
	if err := o.stack.Load().Wait(ctx, time.Second); errors.As(err, &failed) && failed.Cause == nil {
		return err // with its exit code
	}
	return o.stepFailed(ctx, l.service,
		hint.Wrap(fmt.Errorf("port %d does not answer: container is %s", l.numbers[0], c.State),
			"a service under preview.expose, or with a published port, has to go on running"))
}

// show settles what the preview shows, and says what of it is of no use as it
// is. The services have been told addresses already: those of what is left
// aside lead nowhere.
func (o *opening) show(ctx context.Context, all []*listening) error {
	var shown []*listening
	var ports []port
	for _, l := range all {
		if l.aside == "" {
			shown = append(shown, l)
			ports = append(ports, port{Service: l.service, Number: l.numbers[0]})
		}
	}
	if len(shown) == 0 && len(all) > 0 {
		return o.stepFailed(ctx, all[0].service, all[0].failure())
	}
	for _, l := range all {
		if l.aside != "" {
			o.notice("%s: %s: left aside", l.service, l.aside)
		}
	}
	if !slices.Equal(ports, o.next.Expose) {
		o.next.Expose = ports
		o.result.Links = o.next.links(o.at)
		if o.result.Access != nil {
			var err error
			if o.result.Access, err = o.access(ctx, o.next, o.at); err != nil {
				return err
			}
		}
	}
	for i, l := range shown {
		if complaint := o.complaint(o.result.Links[i], l.last); complaint != "" {
			o.notice("%s", complaint)
		}
	}
	return nil
}
