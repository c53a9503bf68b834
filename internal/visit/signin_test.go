package visit_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/visit"
)

// signIn opens a site with a form that hides a token in its page, and keeps cookies.
func signIn(t *testing.T, handler http.HandlerFunc) visit.Options {
	t.Helper()
	o := open(t, handler)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Client.Jar = jar
	return o
}

func TestSignIn_SendsTheFormWithWhatItsPageHidesAndKeepsTheCookies(t *testing.T) {
	var sent url.Values
	o := signIn(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch {
		case r.URL.Path == "/in" && r.Method == http.MethodGet:
			http.SetCookie(w, &http.Cookie{Name: "before", Value: "1"})
			fmt.Fprint(w, `<form action=/search><input type=hidden name=wrong value=1><input name=q></form>
				<form method=post><INPUT TYPE="hidden" NAME="csrf" VALUE="a&amp;b"><input name="email"><input name=password>
				</form><form><input type=hidden name=later value=1></form>`)
		case r.URL.Path == "/in":
			_ = r.ParseForm()
			sent = r.PostForm
			if c, err := r.Cookie("before"); err != nil || c.Value != "1" || r.Header.Get("X-Team") != "blue" {
				t.Errorf("cookie %v, headers %v", err, r.Header)
			}
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "7", Path: "/"})
			http.Redirect(w, r, "/", http.StatusSeeOther)
		default:
			c, err := r.Cookie("session")
			if err != nil {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			fmt.Fprint(w, c.Value)
		}
	})
	o.Header = http.Header{"X-Team": {"blue"}}
	if err := visit.SignIn(t.Context(), o, "/in", map[string]string{"email": "a@b.c", "password": "hunter2"}); err != nil {
		t.Fatal(err)
	}
	if got := sent.Encode(); got != "csrf=a%26b&email=a%40b.c&password=hunter2" {
		t.Errorf("sent %s", got)
	}
	if v := visit.Site(t.Context(), o)[0][0]; v.Status != http.StatusOK {
		t.Errorf("then %+v", v)
	}
}

func TestSignIn_SaysThatItFailsAndNoValue(t *testing.T) {
	o := signIn(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "hunter2", http.StatusUnauthorized) })
	err := visit.SignIn(t.Context(), o, "/in", map[string]string{"password": "hunter2"})
	if err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// What signs in belongs to the preview alone.
func TestHostile_AFormWantsThePasswordSentToAnotherHost(t *testing.T) {
	stolen := ""
	thief := open(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		stolen += r.Form.Encode() + r.Header.Get("X-Token") + r.Header.Get("Cookie")
	})
	o := signIn(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.Method == http.MethodGet {
			fmt.Fprintf(w, `<form action="%s/" method=post><input name=password></form>`, thief.Base)
			return
		}
		http.Redirect(w, r, thief.Base.String()+"/", http.StatusTemporaryRedirect) // which sends the form again
	})
	o.Header = http.Header{"X-Token": {"hunter3"}}
	_ = visit.SignIn(t.Context(), o, "/in", map[string]string{"password": "hunter2"})
	for _, path := range []string{thief.Base.String() + "/in", "//" + thief.Base.Host + "/in"} {
		if err := visit.SignIn(t.Context(), o, path, map[string]string{"password": "hunter2"}); err == nil {
			t.Errorf("%s is a page of the preview", path)
		}
	}
	if stolen != "" {
		t.Errorf("the other host was sent %q", stolen)
	}
}
