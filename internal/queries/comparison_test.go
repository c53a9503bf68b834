package queries_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/queries"
	"github.com/offshoot-dev/offshoot/internal/visit"
)

var start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// A site is what its pages ask: statements, and of each how often, and what it reads.
type site map[string][]queries.Query

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// recorded visits each page three times, one second apart. What background says is asked besides, at those seconds.
func recorded(s site, status map[string]int, background ...float64) *queries.Recording {
	asked := []queries.Query{{At: at(-1), Text: "SELECT 'boot'", Rows: 1}}
	var rounds [][]visit.Visit
	paths := []string{}
	for path := range s {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	now := 0.0
	for range 3 {
		var visits []visit.Visit
		for _, path := range paths {
			code := 200
			if status[path] != 0 {
				code = status[path]
			}
			visits = append(visits, visit.Visit{
				Path: path, Status: code, Bytes: 1000, Began: at(now), Ended: at(now + 0.5),
			})
			for i, q := range s[path] {
				q.At = at(now + 0.1 + float64(i)/1000)
				asked = append(asked, q)
			}
			now++
		}
		rounds = append(rounds, visits)
	}
	for _, seconds := range background {
		asked = append(asked, queries.Query{At: at(seconds), Text: "DELETE FROM jobs", Rows: 900})
	}
	return queries.Record(asked, rounds)
}

func times(n int, text string, rows, answers int64) []queries.Query {
	return slices.Repeat([]queries.Query{{Text: text, Rows: rows, Answers: answers, Blocks: 3}}, n)
}

func shop() site {
	return site{
		"/":      slices.Concat(times(1, "SELECT * FROM posts LIMIT 5", 5, 5), times(2, "SELECT a FROM b", 1, 1)),
		"/about": times(1, "SELECT count(*) FROM posts WHERE who = 'canary'", 40, 1),
		"/posts": times(1, "SELECT * FROM posts", 200, 50),
	}
}

func TestCompare_IsSilentAboutTheSameCode(t *testing.T) {
	for i := range 20 {
		before := recorded(shop(), nil, float64(i%9)+0.2)
		c := queries.Compare(before, recorded(shop(), nil, float64(i*5%9)+0.2, 3.3))
		if len(c.Worse)+len(c.Better)+len(c.New)+len(c.Vanished) > 0 || c.Pages != 3 {
			t.Fatalf("%d: %+v", i, c)
		}
	}
}

// A page that fails once, such as while a gateway is made anew, has asked no less for that.
func TestRecord_LeavesOutVisitsThatFailNowAndThen(t *testing.T) {
	asked := []queries.Query{
		{At: at(0.1), Text: "SELECT a FROM b", Rows: 1}, {At: at(2.1), Text: "SELECT a FROM b", Rows: 1},
	}
	visits := func(path string, second float64, status int) visit.Visit {
		return visit.Visit{Path: path, Status: status, Began: at(second), Ended: at(second + 0.5)}
	}
	for _, codes := range [][]int{{200, 503, 200}, {200, 0, 200}, {503, 200, 200}} {
		var rounds [][]visit.Visit
		seconds := []float64{0, 1, 2}
		if codes[0] == 503 {
			seconds = []float64{1, 0, 2}
		}
		for i, code := range codes {
			rounds = append(rounds, []visit.Visit{visits("/", seconds[i], code)})
		}
		p := queries.Record(asked, rounds).Page("/")
		if p == nil || p.Fails() || len(p.Statements) != 1 || p.Statements[0].Calls != 1 {
			t.Errorf("%v: %+v", codes, p)
		}
	}
}

func TestCompare_FindsWhatIsWorse(t *testing.T) {
	for want, change := range map[string]func(site, map[string]int){
		"/ asks one statement 30 times in place of 0": func(s site, _ map[string]int) {
			s["/"] = append(s["/"], times(30, "SELECT name FROM people WHERE id = $1", 1, 1)...)
		},
		"/ is given 402 rows in place of 7": func(s site, _ map[string]int) {
			s["/"][0] = queries.Query{Text: "SELECT * FROM posts", Rows: 400, Answers: 400}
		},
		"/posts reads 2,000 rows in place of 200": func(s site, _ map[string]int) { s["/posts"][0].Rows = 2000 },
		"/posts reads 700 blocks in place of 3":   func(s site, _ map[string]int) { s["/posts"][0].Blocks = 700 },
		"/about answers 500 in place of 200":      func(_ site, status map[string]int) { status["/about"] = 500 },
		"/about asks 10 statements in place of 1": func(s site, _ map[string]int) {
			for i := range 9 {
				s["/about"] = append(s["/about"], queries.Query{Text: fmt.Sprintf("SELECT a FROM t%d", i)})
			}
		},
	} {
		changed, status := shop(), map[string]int{}
		change(changed, status)
		c := queries.Compare(recorded(shop(), nil), recorded(changed, status))
		if len(c.Worse) == 0 || c.Worse[0].String() != want {
			t.Errorf("%q, want %q", c.Worse, want)
			continue
		}
		if got := c.Headline(); got != "1 page of 3 is worse: "+want {
			t.Errorf("headline %q", got)
		}
		back := queries.Compare(recorded(changed, status), recorded(shop(), nil))
		if len(back.Worse) > 0 || len(back.Better) == 0 && status["/about"] == 0 {
			t.Errorf("the other way round: %+v", back)
		}
	}
}

func TestCompare_ShowsOneReasonOnceAndNoLiteral(t *testing.T) {
	changed := shop()
	for path := range changed {
		changed[path] = append(changed[path], times(9, "SELECT a FROM c WHERE d = 'canary'", 1, 1)...)
	}
	after := recorded(changed, nil)
	after.Archive = "other"
	var text bytes.Buffer
	if err := queries.Compare(recorded(shop(), nil), after).WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := after.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := after.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"/ and 2 more ", "doubtful: they are of different archives", "SELECT a FROM c WHERE d = $1",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("does not say %q", want)
		}
	}
	if strings.Contains(text.String(), "canary") {
		t.Errorf("shows a literal: %s", text.String())
	}
}
