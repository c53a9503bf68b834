package store

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
)

// toward sends all requests to one address, whomever they are for.
type toward struct{ address string }

func (t toward) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", t.address
	return http.DefaultTransport.RoundTrip(r)
}

// GitLab's pipeline gives no key of AWS's, but a token and the role to take on
// with it: the configuration of AWS has it asked for, by itself.
func TestOpen_TakesOnTheRoleThatATokenIsFor(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("header.claims"), 0o600); err != nil {
		t.Fatal(err)
	}
	signed := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if r.FormValue("Action") != "AssumeRoleWithWebIdentity" ||
				r.FormValue("RoleArn") != "arn:aws:iam::1:role/previews" ||
				r.FormValue("WebIdentityToken") != "header.claims" {
				w.WriteHeader(http.StatusForbidden)
			}
			fmt.Fprint(w,
				`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>`+
					`<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>`+
					`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
			return
		}
		signed = r.Header.Get("Authorization")
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": token + "-none",
		"AWS_SHARED_CREDENTIALS_FILE": token + "-none",
		"AWS_REGION":                  "eu-west-1", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
		"AWS_CA_BUNDLE": "",
		"AWS_ROLE_ARN":  "arn:aws:iam::1:role/previews", "AWS_WEB_IDENTITY_TOKEN_FILE": token,
		"AWS_ROLE_SESSION_NAME": "offshoot-7",
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(),
		config.WithHTTPClient(&http.Client{Transport: toward{server.Listener.Addr().String()}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(cfg).Stat(t.Context(), Location{"bucket", "key"}); err != nil ||
		!strings.Contains(signed, "Credential=ASIAROLE/") {
		t.Errorf("%v, signed by %s", err, signed)
	}
}
