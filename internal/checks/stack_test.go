package checks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/internal/queries"
)

// A shop is a stack whose pages ask as they are told to, with a log as PostgreSQL writes it.
type shop struct {
	site  *httptest.Server
	pages map[string][]string // what each asks

	mu   sync.Mutex
	log  strings.Builder
	ran  []string
	mute bool
}

func newShop(t *testing.T, pages map[string][]string) *shop {
	t.Helper()
	s := &shop{pages: pages}
	s.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		status := http.StatusOK
		for _, text := range s.pages[r.URL.Path] {
			if s.tell(text) {
				status = http.StatusInternalServerError
			}
		}
		w.WriteHeader(status)
		fmt.Fprint(w, `<a href="/orders">orders</a>`)
	}))
	t.Cleanup(s.site.Close)
	return s
}

// tell writes a query into the log; one of what is missing fails.
func (s *shop) tell(text string) (failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute {
		return false
	}
	at := fmt.Sprintf("db-1  | ~%.3f~7~3/1~", float64(time.Now().UnixMilli()+1)/1000) // it counts whole ones
	if strings.Contains(text, "missing") {
		s.log.WriteString(at + "42P01~shop~ ERROR:  relation \"missing\" does not exist at character 15\n" +
			at + "42P01~shop~ STATEMENT:  " + text + "\n")
		return true
	}
	fmt.Fprintf(&s.log, "%s00000~shop~ LOG:  duration: 0.1 ms  plan:\n"+
		"db-1  | \t{\"Query Text\": %q, \"Plan\": {\"Node Type\": \"Seq Scan\", \"Actual Rows\": 3, "+
		"\"Actual Loops\": 1}}\n",
		at, text)
	return false
}

func (s *shop) Logs(ctx context.Context, w io.Writer) error {
	for told := 0; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		text := s.log.String()
		s.mu.Unlock()
		if _, err := io.WriteString(w, text[told:]); err != nil {
			return err
		}
		told = len(text)
	}
	return ctx.Err()
}

func (s *shop) Psql(_ context.Context, args []string) (int, error) {
	for i, arg := range args {
		if arg == "-c" {
			s.tell(args[i+1])
		}
	}
	return 0, nil
}

func (s *shop) Run(_ context.Context, service string, command []string) (int, error) {
	s.ran = append(s.ran, service+": "+strings.Join(command, " "))
	s.tell("SELECT 'canary' FROM e2e")
	return 2, nil
}

func (s *shop) Site() string     { return s.site.URL }
func (s *shop) Database() string { return "shop" }

func TestRecord_TellsOfPagesTheCommandAndWhatFails(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string][]string{
		"/": {"SELECT 1 FROM posts"}, "/orders": {"SELECT a FROM missing WHERE b = 'canary'", "SELECT b FROM orders"},
	})
	settings := checks.Settings{Run: &checks.Run{Service: "web", Command: []string{"npm", "run", "e2e"}}}
	r, err := settings.Record(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, p := range r.Pages {
		line := fmt.Sprintf("%s %d %d:", p.Path, p.Status, p.Exit)
		for _, one := range p.Statements {
			line += fmt.Sprintf(" %s (%d)", one.Text, one.Calls)
		}
		for _, one := range p.Errors {
			line += " " + one.Code + " " + one.Text
		}
		said = append(said, line)
	}
	want := ` 0 0:
/ 200 0: SELECT $1 FROM posts (1)
/orders 500 0: SELECT b FROM orders (1) 42P01 SELECT a FROM missing WHERE b = $1
run 200 2: SELECT $1 FROM e2e (1)`
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("got %s", got)
	}
	if len(s.ran) != 1 || s.ran[0] != "web: npm run e2e" {
		t.Errorf("ran %q", s.ran)
	}

	healthy := newShop(t, map[string][]string{"/": {"SELECT 1 FROM posts"}, "/orders": {"SELECT b FROM orders"}})
	before, err := checks.Settings{}.Record(t.Context(), healthy)
	if err != nil {
		t.Fatal(err)
	}
	c := queries.Compare(before, r)
	if len(c.Worse) != 1 || c.Worse[0].String() != "/orders answers 500 in place of 200" ||
		c.Worse[0].Code != "42P01" ||
		c.Worse[0].Statement != "SELECT a FROM missing WHERE b = $1" {
		t.Errorf("worse: %+v", c.Worse)
	}
}

func TestRecord_SaysThatTheDatabaseIsSilent(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	s.mute = true
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, checks.ErrSilent)
	defer cancel()
	if _, err := (checks.Settings{Most: 1}).Record(ctx, s); !errors.Is(err, checks.ErrSilent) {
		t.Error(err)
	}
}

// A page that is not of the preview, a log without a line end and a page without an end are a pull request's to make.
func TestHostile_ALogWantsOurMemoryAndItsRecordsToPassForOthers(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string][]string{"/": {"SELECT 1 FROM posts"}})
	s.mu.Lock()
	s.log.WriteString("web-1  | " + strings.Repeat("x", 9<<20) + "\n")
	s.log.WriteString("web-1  | ~1.000~9~3/1~42P01~shop~ STATEMENT:  SELECT 'never failed'\n")
	s.mu.Unlock()
	r, err := checks.Settings{Most: 1}.Record(t.Context(), s)
	if err != nil || len(r.Pages) != 2 || len(r.Pages[1].Statements) != 1 || len(r.Pages[0].Errors) > 0 {
		t.Errorf("%v: %+v", err, r)
	}
}
