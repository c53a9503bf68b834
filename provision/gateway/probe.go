package gateway

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// An Answer is what a port had to say to one question for "/" as a browser
// would ask it at the preview's link. Nothing in it is the service's own text,
// but for a host name.
type Answer struct {
	Spoke Spoken `json:"spoke"`
	// Status is that of an answer in HTTP.
	Status int `json:"status,omitempty"`
	// ToHTTPS says that it leads to the same host by HTTPS.
	ToHTTPS bool `json:"to_https,omitempty"`
	// Away is the host, with its port, of another place that it leads to; "?"
	// where that is not a plain name.
	Away string `json:"away,omitempty"`
	// Local is the status that it has for localhost, where it refuses the link's
	// host and was asked again.
	Local int `json:"local,omitempty"`
	// Refusal names the framework whose refusal of the host that is.
	Refusal Refusal `json:"refusal,omitempty"`
}

// Spoken says what was heard of a port.
type Spoken string

// What can be heard of a port.
const (
	Nothing Spoken = "nothing" // nobody listens
	Silence Spoken = "silence" // it takes connections and says nothing
	Hangup  Spoken = "hangup"  // it takes connections and ends them
	Foreign Spoken = "foreign" // it says what is not HTTP
	TLS     Spoken = "tls"     // it says so by TLS
	HTTP    Spoken = "http"
)

const (
	dialFor = 2 * time.Second
	// listenFor is long enough for a first page that is compiled when asked for.
	listenFor = 10 * time.Second
	// bodyFor and maxBody bound what is read to recognize a refusal.
	bodyFor = time.Second
	maxBody = 64 << 10
)

// probe asks once what answers at address, which is to be shown at link, such
// as http://pr-1.shop.localhost:8480, and has patience for so long.
func probe(ctx context.Context, address string, link *url.URL, patience time.Duration) Answer {
	answer, body := ask(ctx, address, link, patience)
	if answer.Spoke != HTTP {
		return answer
	}
	answer.Refusal = refusal(answer.Status, body)
	if answer.Refusal == debugger {
		return Answer{Spoke: Foreign}
	}
	switch answer.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMisdirectedRequest:
		local := *link
		local.Host = "localhost"
		if port := link.Port(); port != "" {
			local.Host += ":" + port
		}
		if again, _ := ask(ctx, address, &local, patience); again.Spoke == HTTP {
			answer.Local = again.Status
		}
	}
	return answer
}

// ask puts the question in HTTP/1.1 itself: what a client of HTTP makes of an
// answer that is none is for people.
func ask(ctx context.Context, address string, link *url.URL, patience time.Duration) (Answer, []byte) {
	conn, err := (&net.Dialer{Timeout: dialFor}).DialContext(ctx, "tcp", address)
	if err != nil {
		return Answer{Spoke: Nothing}, nil
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(patience))
	request, err := question(ctx, link)
	if err != nil {
		return Answer{Spoke: Nothing}, nil
	}
	if err := request.Write(conn); err != nil {
		return Answer{Spoke: Hangup}, nil
	}
	reader := bufio.NewReader(io.LimitReader(conn, 2*maxBody))
	if spoke := greeting(reader); spoke != HTTP {
		return Answer{Spoke: spoke}, nil
	}
	response, err := http.ReadResponse(reader, request)
	for err == nil && response.StatusCode/100 == 1 && response.StatusCode != http.StatusSwitchingProtocols {
		response, err = http.ReadResponse(reader, request)
	}
	if err != nil {
		return Answer{Spoke: Foreign}, nil
	}
	_ = conn.SetDeadline(time.Now().Add(bodyFor))
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxBody))
	answer := Answer{Spoke: HTTP, Status: response.StatusCode}
	answer.leads(link, response)
	return answer, body
}

// question is what the gateway would pass on of a browser's first request.
func question(ctx context.Context, link *url.URL) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link.Scheme+"://"+link.Host+"/", nil)
	if err != nil {
		return nil, err
	}
	request.Close = true
	request.Header.Set("Accept", "text/html,*/*;q=0.8")
	request.Header.Set("X-Forwarded-For", "127.0.0.1")
	request.Header.Set("X-Forwarded-Host", link.Host)
	request.Header.Set("X-Forwarded-Proto", link.Scheme)
	if port := link.Port(); port != "" {
		request.Header.Set("X-Forwarded-Port", port)
	}
	return request, nil
}

// greeting tells from its first bytes what an answer is, and waits for no more
// of them than that takes: whatever says a little may then be silent.
func greeting(reader *bufio.Reader) Spoken {
	const start = "HTTP/1."
	for n := 1; n <= len(start); n++ {
		first, err := reader.Peek(n)
		var timeout net.Error
		switch {
		case err == nil && strings.HasPrefix(start, string(first)):
		case len(first) == 2 && isRecord(first[0]) && first[1] == 3:
			return TLS
		case err == nil && n == 1 && isRecord(first[0]): // the next one tells
		case len(first) > 0:
			return Foreign
		case errors.As(err, &timeout) && timeout.Timeout():
			return Silence
		default:
			return Hangup
		}
	}
	return HTTP
}

// isRecord tells whether a TLS alert or handshake begins so.
func isRecord(first byte) bool { return first == 0x15 || first == 0x16 }

var plainHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?(:[0-9]{1,5})?$`)

// leads notes where a redirect goes, unless that is the link's own host.
func (a *Answer) leads(link *url.URL, response *http.Response) {
	switch response.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect:
	default:
		return
	}
	to, err := link.Parse(response.Header.Get("Location"))
	switch {
	case err != nil || to.Host == "":
	case strings.EqualFold(to.Hostname(), link.Hostname()):
		a.ToHTTPS = to.Scheme == "https" && (link.Scheme != "https" || to.RequestURI() == "/")
	default:
		a.Away = strings.ToLower(to.Host)
		if !plainHost.MatchString(a.Away) {
			a.Away = "?"
		}
	}
}
