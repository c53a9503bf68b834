package rehearse

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A record is one message in the log of the server.
type record struct {
	at       time.Time
	pid      int
	vxid     string // virtual transaction; empty outside of any
	code     string // SQLSTATE
	database string
	level    string
	text     string
}

var prefixed = regexp.MustCompile(`^~(\d+)\.(\d{3})~(\d+)~([0-9/-]*)~(\w{5})~(.*?)~ ([A-Z0-9]+):  `)

// longestRecord bounds what is kept of one message: a migration may insert a file of megabytes as one statement.
const longestRecord = 1 << 20

// readLog reads messages to the end, and hands on those of one database.
func readLog(r io.Reader, database string, hand func(record)) error {
	b := bufio.NewReaderSize(r, 1<<16)
	var now *record
	done := func() {
		if now != nil && now.database == database {
			hand(*now)
		}
		now = nil
	}
	for {
		line, err := logLine(b)
		if next := parseLine(line); next != nil {
			done()
			now = next
		} else if now != nil && strings.HasPrefix(line, "\t") && len(now.text) < longestRecord {
			now.text += "\n" + line[1:]
		}
		if errors.Is(err, io.EOF) {
			done()
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// logLine reads a line without its end, and of a longer one the beginning.
func logLine(b *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		if len(line) < longestRecord {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return strings.TrimRight(string(line), "\r\n"), err
		}
	}
}

func parseLine(line string) *record {
	if !strings.HasPrefix(line, "~") {
		return nil
	}
	m := prefixed.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	seconds, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return nil
	}
	millis, _ := strconv.ParseInt(m[2], 10, 64)
	pid, _ := strconv.Atoi(m[3])
	r := &record{
		at: time.Unix(seconds, millis*int64(time.Millisecond)), pid: pid, vxid: m[4], code: m[5], database: m[6],
		level: m[7], text: line[len(m[0]):],
	}
	if strings.HasSuffix(r.vxid, "/0") {
		r.vxid = ""
	}
	return r
}

// A Query is one that auto_explain tells of.
type Query struct {
	At      time.Time // when it ended
	Text    string    // with $1 for parameters, and literals as they are
	Seconds float64
	Plan    json.RawMessage // as EXPLAIN (ANALYZE, FORMAT JSON) shows the first node
	Code    string          // SQLSTATE, of one that failed: there is no plan
}

// ReadQueries reads the log of a server to its end, and hands on what auto_explain tells of one database, in JSON, and
// which statements failed there.
func ReadQueries(r io.Reader, database string, hand func(Query)) error {
	failed := map[int]string{} // SQLSTATE by process
	return readLog(r, database, func(one record) {
		switch one.level {
		case "ERROR":
			failed[one.pid] = one.code
			return
		case "STATEMENT":
			if code := failed[one.pid]; code != "" {
				hand(Query{At: one.at, Text: one.text, Code: code})
			}
			delete(failed, one.pid)
			return
		}
		m := planWord.FindStringSubmatch(one.text)
		if m == nil {
			return
		}
		var told struct {
			Text string `json:"Query Text"`
			Plan json.RawMessage
		}
		if json.Unmarshal([]byte(m[2]), &told) == nil {
			ms, _ := strconv.ParseFloat(m[1], 64)
			hand(Query{At: one.at, Text: told.Text, Seconds: ms / 1000, Plan: told.Plan})
		}
	})
}
