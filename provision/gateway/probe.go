package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// probe asks once whether an HTTP server answers at address, and returns its
// status line. Any answer counts, whatever the application thinks of "/",
// except those by which a proxy says that what is behind it is not up yet.
func probe(ctx context.Context, address, host string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	if host != "" {
		request.Host = host
	}
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	client := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	response, err := client.RoundTrip(request)
	if err != nil {
		return "", fmt.Errorf("probe: %w", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "", fmt.Errorf("probe: http://%s/ answers %s", address, response.Status)
	}
	return response.Status, nil
}
