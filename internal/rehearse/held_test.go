package rehearse_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

// An instrumented session notes the server's clock around what it sends.
type instrumented struct {
	t    *testing.T
	conn *session
}

// send sends a message, and returns the clock where it asks for it.
func (i instrumented) send(sql string) []float64 {
	i.t.Helper()
	rows, err := i.conn.Query(i.t.Context(), strings.ReplaceAll(sql, "CLOCK",
		"SELECT 'clock', extract(epoch FROM clock_timestamp())"))
	if err != nil && !strings.Contains(err.Error(), "22012") {
		i.t.Fatal(err)
	}
	var clock []float64
	for _, row := range rows {
		if row[0] == "clock" {
			at, _ := strconv.ParseFloat(row[1], 64)
			clock = append(clock, at)
		}
	}
	return clock
}

// extended sends one statement in the extended protocol, as drivers do.
func (i instrumented) extended(sql string) {
	i.t.Helper()
	if result := i.conn.conn.ExecParams(i.t.Context(), sql, nil, nil, nil, nil).Read(); result.Err != nil {
		i.t.Fatal(result.Err)
	}
}

// heldCases hold a lock on a table of their own for about 0.3 seconds. Each returns the server's clock right before it
// took the lock, when it had it, before it let go, and afterwards.
var heldCases = map[string]func(i instrumented, table string) []float64{
	"a transaction": func(i instrumented, table string) []float64 {
		clock := i.send("BEGIN; CLOCK; ALTER TABLE " + table + " ADD c int; CLOCK")
		clock = append(clock, i.send("SELECT pg_sleep(0.3)")...)
		clock = append(clock, i.send("CLOCK")...)
		i.send("COMMIT")
		return append(clock, i.send("CLOCK")...)
	},
	"several statements of one message": func(i instrumented, table string) []float64 {
		clock := i.send("CLOCK; ALTER TABLE " + table + " ADD c int; CLOCK; SELECT pg_sleep(0.3); CLOCK")
		return append(clock, i.send("CLOCK")...)
	},
	"a client that thinks": func(i instrumented, table string) []float64 {
		i.extended("BEGIN")
		clock := i.send("CLOCK")
		i.extended("ALTER TABLE " + table + " ADD c int")
		clock = append(clock, i.send("CLOCK")...)
		<-time.After(300 * time.Millisecond)
		clock = append(clock, i.send("CLOCK")...)
		i.extended("COMMIT")
		return append(clock, i.send("CLOCK")...)
	},
	"a lock of which no trigger tells": func(i instrumented, table string) []float64 {
		clock := i.send("BEGIN; CLOCK; LOCK TABLE " + table + "; CLOCK; SELECT pg_sleep(0.3); CLOCK; ROLLBACK")
		return append(clock, i.send("CLOCK")...)
	},
	"a statement that fails": func(i instrumented, table string) []float64 {
		clock := i.send("BEGIN; CLOCK; ALTER TABLE " + table + " ADD c int; CLOCK; SELECT pg_sleep(0.3); CLOCK")
		began := time.Now()
		i.send("SELECT 1 / 0")
		clock = append(clock, clock[2]+time.Since(began).Seconds())
		<-time.After(200 * time.Millisecond) // nobody waits any more
		i.send("ROLLBACK")
		return clock
	},
	"a block": func(i instrumented, table string) []float64 {
		before := i.send("CLOCK")[0]
		i.send("DO $$ BEGIN ALTER TABLE " + table + " ADD c int; PERFORM pg_sleep(0.3); END $$")
		after := i.send("CLOCK")[0]
		return []float64{before, after - 0.3, after, after}
	},
}

func TestWatch_TellsHowLongLocksAreHeldToATwentiethOrTwentyMilliseconds(t *testing.T) {
	names := []string{}
	sql := ""
	for name := range heldCases {
		sql += "CREATE TABLE h" + strconv.Itoa(len(names)) + " (id int);"
		names = append(names, name)
	}
	url := fresh(t, sql)
	s, database := server(t), databaseOf(t, url)
	truth := map[string][]float64{}
	r := watched(t, url, func() {
		for n, name := range names {
			conn, err := s.Connect(context.WithoutCancel(t.Context()), database)
			if err != nil {
				t.Fatal(err)
			}
			truth[name] = heldCases[name](instrumented{t, conn.(*session)}, "h"+strconv.Itoa(n))
			conn.Close()
		}
	})
	for n, name := range names {
		clock, held := truth[name], longest(r, "public.h"+strconv.Itoa(n))
		least, most := clock[2]-clock[1], clock[3]-clock[0]
		if held < least-max(0.02, 0.05*least) || held > most+max(0.02, 0.05*most) {
			t.Errorf("%s: %.3f s are told; it was held for at least %.3f s and at most %.3f s", name, held, least, most)
		}
	}
}

// longest is how long the hardest lock on a table was held.
func longest(r *rehearse.Report, table string) (held float64) {
	for _, s := range r.Statements {
		for _, l := range s.Locks {
			if l.Table == table && l.Reads {
				held = max(held, l.Held)
			}
		}
	}
	return held
}
