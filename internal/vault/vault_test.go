package vault_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
	"github.com/offshoot-dev/offshoot/internal/vault"
)

// at answers in AWS's place, with what is kept by the names.
func at(t *testing.T, kept map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for name, value := range kept {
			if !strings.Contains(string(body), `"`+name+`"`) {
				continue
			}
			switch r.Header.Get("X-Amz-Target") {
			case "secretsmanager.GetSecretValue":
				fmt.Fprintf(w, `{"SecretString": %q}`, value)
			case "AmazonSSM.GetParameter":
				if strings.Contains(string(body), `"WithDecryption":true`) {
					fmt.Fprintf(w, `{"Parameter": {"Value": %q}}`, value)
				}
			}
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		code := "ResourceNotFoundException"
		if strings.Contains(string(body), "closed") {
			code = "AccessDeniedException"
		}
		fmt.Fprintf(w, `{"__type": %q, "message": "no"}`, code)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func TestRead_FindsTheConnectionStringWhereItIsKept(t *testing.T) {
	at(t, map[string]string{
		"prod/url": "postgres://reader:hunter2@db/shop\n", "/prod/url": "host=db password=hunter2",
		"all": `{"url": "postgres://a@b/c", "n": 1}`, "rds": `{"engine": "postgres", "host": "db.internal", "port": 5432,
			"username": "reader", "password": "p@ss/word", "dbname": "shop"}`,
		"half": `{"password": "hunter2"}`, "broken": `{"password": "hunter2`, "empty": "",
	})
	for place, want := range map[string]string{
		"secretsmanager:prod/url": "postgres://reader:hunter2@db/shop", "ssm:/prod/url": "host=db password=hunter2",
		"secretsmanager:all#url": "postgres://a@b/c",
		"secretsmanager:rds":     "postgres://reader:p%40ss%2Fword@db.internal:5432/shop",
	} {
		p, err := vault.Parse(place)
		if err != nil || p.String() != place {
			t.Fatalf("%s: %v, %v", place, p, err)
		}
		if got, err := p.Read(t.Context(), "eu-west-1"); got != want || err != nil {
			t.Errorf("%s: %q, %v", place, got, err)
		}
	}
	for place, want := range map[string]string{
		"secretsmanager:half": "lacks host", "secretsmanager:broken": "no JSON", "secretsmanager:all#n": `under "n"`,
		"secretsmanager:empty": "no text", "secretsmanager:none": "correct the name", "secretsmanager:closed": "allow secretsmanager:GetSecretValue",
		"ssm:closed": "allow ssm:GetParameter", "secretsmanager:rds#nothing": "under",
	} {
		p, _ := vault.Parse(place)
		_, err := p.Read(t.Context(), "eu-west-1")
		if err == nil {
			t.Errorf("%s: read", place)
			continue
		}
		text := err.Error() + strings.Join(hint.Of(err), " ")
		if !strings.Contains(text, want) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", place, text)
		}
	}
}

func TestParse_RefusesWhatIsNoPlace(t *testing.T) {
	for _, text := range []string{
		"", "postgres://reader:hunter2@db/shop", "ssm:", "secretsmanager:a#", "vault:a", "ssm:a b", "secretsmanager:#k",
	} {
		if p, err := vault.Parse(text); !errors.Is(err, hint.ErrUsage) {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
	arn := "secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/url-AbCdEf"
	if p, err := vault.Parse(arn); err != nil || !strings.HasPrefix(p.Name, "arn:aws:") {
		t.Errorf("%+v, %v", p, err)
	}
}
