package standin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// An endpoint is one of EC2 Instance Connect.
type endpoint struct {
	id, host, subnet, group string
	keepsAddress            bool
}

const tunnelAction = "OpenTunnel"

// MakeEndpoint puts an EC2 Instance Connect Endpoint into the default VPC, which
// answers at that host. It returns the ids of it and of its security group.
func (c *Cloud) MakeEndpoint(host, subnet string, keepsAddress bool) (id, group string) {
	group = c.MakeGroup("default "+host, nil)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	e := endpoint{c.id("eice"), host, subnet, group, keepsAddress}
	c.endpoints = append(c.endpoints, e)
	return e.id, group
}

func (c *Cloud) describeEndpoints(form url.Values) ([]string, *apiError) {
	var items []string
	for _, e := range c.endpoints {
		ok, err := matches(form, nil, map[string]string{"vpc-id": VPC, "state": "create-complete"})
		if err != nil {
			return nil, err
		}
		if ok {
			items = append(items,
				leaf("instanceConnectEndpointId", e.id)+leaf("dnsName", e.host)+leaf("vpcId", VPC)+
					leaf("subnetId", e.subnet)+
					leaf("state", "create-complete")+leaf("preserveClientIp", strconv.FormatBool(e.keepsAddress))+
					list("securityGroupIdSet", []string{e.group}))
		}
	}
	return c.page(form, items, "instanceConnectEndpointSet")
}

// serveTunnel answers in place of an endpoint: a WebSocket whose bytes are those
// of a TCP connection to an instance.
func (c *Cloud) serveTunnel(w http.ResponseWriter, r *http.Request) {
	address, status, code, text := c.openTunnel(r)
	if status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"ErrorCode": code, "Message": text})
		return
	}
	far, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(r.Context(), "tcp", address)
	if err != nil {
		http.Error(w, `{"ErrorCode":"InstanceUnreachable","Message":"Unable to connect to the instance."}`,
			http.StatusBadGateway)
		return
	}
	defer far.Close()
	socket, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	near := websocket.NetConn(context.WithoutCancel(r.Context()), socket, websocket.MessageBinary)
	defer near.Close()
	go func() {
		defer far.Close()
		_, _ = io.Copy(far, near)
	}()
	_, _ = io.Copy(near, far)
}

func (c *Cloud) openTunnel(r *http.Request) (address string, status int, code, text string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.advance()
	query := r.URL.Query()
	c.calls = append(c.calls, Call{Action: tunnelAction, Form: query})
	n := slices.IndexFunc(c.endpoints, func(e endpoint) bool { return e.id == query.Get("instanceConnectEndpointId") })
	switch port := query.Get("remotePort"); {
	case !c.signed(r):
		return "", http.StatusForbidden, "InvalidSignature",
			"The request signature we calculated does not match the signature you provided."
	case c.denied[tunnelAction]:
		return "", http.StatusForbidden, "AccessDenied",
			"You are not authorized to perform: ec2-instance-connect:OpenTunnel"
	case n < 0:
		return "", http.StatusNotFound, "ResourceNotFound", "There is no such endpoint."
	case port != "22" && port != "3389":
		return "", http.StatusBadRequest, "InvalidParameter",
			"The specified RemotePort is not valid. Specify either 22 or 3389 as the RemotePort and retry your request."
	}
	for _, i := range c.instances {
		if i.private == query.Get("privateIpAddress") && i.state == "running" {
			return c.through(c.endpoints[n], i, query.Get("remotePort"))
		}
	}
	return "", http.StatusBadGateway, "InstanceUnreachable", "Unable to connect to the instance."
}

// through looks whether the group of the instance lets the endpoint in.
func (c *Cloud) through(e endpoint, i *instance, port string) (address string, status int, code, text string) {
	for _, g := range c.groups {
		if g.id == i.group &&
			slices.ContainsFunc(g.rules,
				func(r rule) bool {
					return r.from == port && (r.source == e.group || e.keepsAddress && r.cidr != "")
				}) {
			return c.options.Tunnelled(i.id, port), 0, "", ""
		}
	}
	return "", http.StatusBadGateway, "InstanceUnreachable", "Unable to connect to the instance."
}

// signed tells whether the link bears the signature that the account's secret
// gives it. It is worked out from AWS's description, and not by its SDK:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (c *Cloud) signed(r *http.Request) bool {
	query := r.URL.Query()
	given := query.Get("X-Amz-Signature")
	query.Del("X-Amz-Signature")
	at := query.Get("X-Amz-Date")
	if made, err := time.Parse("20060102T150405Z", at); err != nil || c.now().Sub(made).Abs() > time.Minute ||
		query.Get("X-Amz-Expires") == "" {
		return false
	}
	scope := []string{at[:8], Region, "ec2-instance-connect", "aws4_request"}
	if query.Get("X-Amz-Credential") != c.options.Key+"/"+strings.Join(scope, "/") {
		return false
	}
	request := strings.Join([]string{
		r.Method, r.URL.Path, strings.ReplaceAll(query.Encode(), "+", "%20"), "host:" + r.Host, "", "host", sum(""),
	}, "\n")
	key := []byte("AWS4" + c.options.Secret)
	for _, part := range append(scope,
		strings.Join([]string{"AWS4-HMAC-SHA256", at, strings.Join(scope, "/"), sum(request)}, "\n")) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key) == given
}

func sum(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}
