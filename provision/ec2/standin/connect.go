package standin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// A push is what EC2 Instance Connect is asked for. It speaks JSON.
type push struct {
	InstanceId, InstanceOSUser, SSHPublicKey, AvailabilityZone string
}

const pushAction = "SendSSHPublicKey"

func (c *Cloud) serveConnect(w http.ResponseWriter, r *http.Request, target string) {
	var asked push
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil ||
		target != "AWSEC2InstanceConnectService."+pushAction {
		http.Error(w, target, http.StatusBadRequest)
		return
	}
	answer := map[string]any{"RequestId": "req", "Success": true}
	status, lost := http.StatusOK, false
	if err := c.admit(asked, &lost); err != nil {
		status, answer = http.StatusBadRequest, map[string]any{"__type": err.code, "message": err.text}
	}
	if lost {
		panic(http.ErrAbortHandler) // the server's own way to break a connection
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (c *Cloud) admit(asked push, lost *bool) *apiError {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.advance()
	fault := Fault{}
	if c.fault != nil {
		fault = c.fault(len(c.calls), pushAction)
	}
	*lost = fault.Lost
	c.calls = append(c.calls,
		Call{
			Action: pushAction,
			Form:   url.Values{"InstanceId": {asked.InstanceId}, "SSHPublicKey": {asked.SSHPublicKey}},
		})
	i, err := c.instance(asked.InstanceId)
	switch {
	case fault.Code != "":
		return problem(fault.Code, "The fault of the test.")
	case c.denied[pushAction]:
		return problem("AccessDeniedException",
			"User is not authorized to perform: ec2-instance-connect:SendSSHPublicKey")
	case err != nil:
		return problem("EC2InstanceNotFoundException", err.text)
	case i.state != "running":
		return problem("EC2InstanceStateInvalidException", "The instance is "+i.state)
	case asked.AvailabilityZone != "" && asked.AvailabilityZone != i.zone,
		!strings.HasPrefix(asked.SSHPublicKey, "ssh-"):
		return problem("InvalidArgsException", "Zone or key do not fit")
	}
	if c.options.Admitted != nil {
		c.options.Admitted(asked.InstanceId, asked.InstanceOSUser, asked.SSHPublicKey)
	}
	return nil
}
