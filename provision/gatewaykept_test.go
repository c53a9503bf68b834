package provision

import (
	"archive/tar"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"github.com/offshoot-dev/offshoot/provision/gateway"
)

// volumeOf is an engine with one container, in whose volume a file may be. It
// returns what is put there.
func volumeOf(t *testing.T, there string) (client.APIClient, map[string]string) {
	t.Helper()
	put := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Query().Get("path")
		switch {
		case r.Method == http.MethodHead && path == there:
			w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte(`{"name":"x"}`)))
		case r.Method == http.MethodPut && path == gateway.Kept:
			files := tar.NewReader(r.Body)
			header, err := files.Next()
			if err != nil {
				t.Error(err)
				return
			}
			content, _ := io.ReadAll(files)
			put[header.Name] = string(content)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	api, err := client.NewClientWithOpts(client.WithHost("tcp://"+strings.TrimPrefix(server.URL, "http://")),
		client.WithVersion("1.44"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	return api, put
}

// The gateway of a former version had its authority in its arguments: an up of a
// project without a domain replaces it, and it does not run without this file.
func TestKeepFront_WritesTheAuthorityOfAGatewayOfAFormerVersion(t *testing.T) {
	var front Front
	const label = `{"domain":"previews.example.com","acme":{"directory":"https://ca.internal/directory","email":"a@b.c"}}`
	if err := json.Unmarshal([]byte(label), &front); err != nil {
		t.Fatal(err)
	}
	api, put := volumeOf(t, "")
	if err := keepFront(t.Context(), api, "gateway", Front{}, entrance{front: front}); err != nil {
		t.Fatal(err)
	}
	if got := put[gateway.ACMEFile]; got != `{"directory":"https://ca.internal/directory","email":"a@b.c"}` ||
		len(put) != 1 {
		t.Errorf("%q", put)
	}
}

func TestKeepFront_WithoutAFrontLeavesWhatIsKept(t *testing.T) {
	front := Front{
		Domain: "previews.example.com",
		ACME:   gateway.ACME{Authority: gateway.Authority{KeyID: "a", Key: "Rmlyc3Q"}},
	}
	api, put := volumeOf(t, gateway.Kept+"/"+gateway.ACMEFile)
	if err := keepFront(t.Context(), api, "gateway", Front{}, entrance{front: front.shown()}); err != nil ||
		len(put) != 0 {
		t.Errorf("%q, %v", put, err)
	}
	api, put = volumeOf(t, "") // the volume went with another's last preview
	if err := keepFront(t.Context(), api, "gateway", Front{}, entrance{front: front.shown()}); err != nil ||
		put[gateway.ACMEFile] != "{}" {
		t.Errorf("a digest is taken for a key: %q, %v", put, err)
	}
}
