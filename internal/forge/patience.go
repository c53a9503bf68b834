package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// mostTries bounds the tries of one request that fails by itself; waiting
	// as told is bounded by time alone.
	mostTries = 5
	// attemptTime bounds one try, its answer's body included.
	attemptTime = time.Minute
	// secondary is the wait that GitHub asks for when a limit has no time:
	// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
	secondary = time.Minute
	// mostBody is more than any page of a list has.
	mostBody = 64 << 20
)

// A WaitError says that a forge asks to wait for longer than a call may take.
type WaitError struct {
	Wait time.Duration
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("the forge's rate limit is used up: it asks to wait %v", e.Wait.Round(time.Second))
}

// patience sends requests, waits as the forge tells, and tries again what is
// harmless to repeat.
type patience struct {
	base  http.RoundTripper
	limit time.Duration
	sleep func(ctx context.Context, d time.Duration) error
	now   func() time.Time
}

func newPatience(o Options) *patience {
	p := &patience{base: o.Base, limit: o.Patience, sleep: o.Sleep, now: o.Now}
	if p.base == nil {
		p.base = http.DefaultTransport
	}
	if p.limit == 0 {
		p.limit = 10 * time.Minute
	}
	if p.sleep == nil {
		p.sleep = sleep
	}
	if p.now == nil {
		p.now = time.Now
	}
	return p
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// RoundTrip implements http.RoundTripper.
func (p *patience) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := drained(req)
	if err != nil {
		return nil, err
	}
	left, pauses := p.limit, &backoff.ExponentialBackOff{
		InitialInterval: time.Second, Multiplier: 2, MaxInterval: time.Minute, RandomizationFactor: 0.25,
	}
	for try := 1; ; {
		reply, err := p.attempt(req, body)
		wait, told := p.wait(req, reply, err, pauses)
		switch {
		case wait == 0:
			return reply, err
		case told && wait > left:
			return nil, &WaitError{Wait: wait}
		case !told && (try == mostTries || wait > left):
			return reply, err
		}
		if err := p.sleep(req.Context(), wait); err != nil {
			return nil, err
		}
		left -= wait
		if !told {
			try++
		}
	}
}

// drained reads the body of a request, to be sent as often as needed.
func drained(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// attempt sends the request once and reads the whole answer: a connection that
// is lost in the middle of it is an error here, and not in somebody's decoder.
func (p *patience) attempt(req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), attemptTime)
	defer cancel()
	again := req.Clone(ctx)
	if body != nil {
		again.Body = io.NopCloser(bytes.NewReader(body))
		again.ContentLength = int64(len(body))
	}
	reply, err := p.base.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	content, err := io.ReadAll(io.LimitReader(reply.Body, mostBody))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	reply.Body = io.NopCloser(bytes.NewReader(content))
	reply.Request = req
	return reply, nil
}

// wait decides how long to wait before the next try, and whether the forge said
// so; 0 is no other try.
func (p *patience) wait(
	req *http.Request, reply *http.Response, err error, pauses *backoff.ExponentialBackOff,
) (wait time.Duration, told bool) {
	switch {
	case req.Context().Err() != nil:
		return 0, false
	case err != nil:
		if repeatable(req) && !errors.Is(err, context.Canceled) {
			return pauses.NextBackOff(), false
		}
		return 0, false
	case limited(reply):
		return p.asTold(reply.Header), true
	case reply.StatusCode == http.StatusServiceUnavailable && reply.Header.Get("Retry-After") != "":
		return p.asTold(reply.Header), true
	case reply.StatusCode >= 500 && repeatable(req):
		return pauses.NextBackOff(), false
	}
	return 0, false
}

// limited tells an answer that only asks to wait from a real refusal.
func limited(reply *http.Response) bool {
	switch reply.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return reply.Header.Get("Retry-After") != "" || reply.Header.Get("X-RateLimit-Remaining") == "0" ||
			strings.Contains(peek(reply), "secondary rate limit")
	}
	return false
}

// peek reads the answer's body, which is in memory, and leaves it to be read.
func peek(reply *http.Response) string {
	content, _ := io.ReadAll(reply.Body)
	reply.Body = io.NopCloser(bytes.NewReader(content))
	return string(content)
}

// asTold reads how long to wait: GitHub and GitLab say so in one of these.
func (p *patience) asTold(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		return max(time.Second, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		return max(time.Second, at.Sub(p.now()))
	}
	for _, name := range []string{"X-RateLimit-Reset", "RateLimit-Reset"} {
		if seconds, err := strconv.ParseInt(header.Get(name), 10, 64); err == nil {
			// A second more: the clocks need not agree.
			return max(time.Second, time.Unix(seconds, 0).Sub(p.now())+time.Second)
		}
	}
	return secondary
}

// lastCounts matches what is made with POST but where a second one does no harm.
var lastCounts = regexp.MustCompile(`/statuses(/[^/]*)?$|/reactions$|/award_emoji$`)

// repeatable tells whether a request may be sent again when nobody knows
// whether it has been carried out.
func repeatable(req *http.Request) bool {
	return req.Method != http.MethodPost || lastCounts.MatchString(req.URL.Path)
}
