package rehearse

import (
	"slices"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/sqltext"
)

// byManual adds the locks that the manual says a statement takes, where they were too short to be seen: of commands for
// which no event trigger fires.
func (t *tracer) byManual(all relations) {
	for _, one := range t.steps {
		for _, c := range one.changes {
			if r, ok := all.named(c.schema, c.table); ok {
				t.addManual(one, r, "RowExclusiveLock")
			}
		}
		if one.code != "" {
			continue // it may have got nowhere
		}
		mode := modeOf(one)
		if mode == "" {
			continue
		}
		for _, n := range sqltext.Tables(one.text) {
			if r, ok := all.named(n.Schema, n.Name); ok {
				t.addManual(one, r, mode)
			}
		}
	}
}

func (t *tracer) addManual(one *step, r Relation, mode string) {
	of := key(one.pid, one.vxid)
	h := held{r.OID, mode}
	has := func(l lock) bool { return l.relation == h.relation && l.mode == mode }
	if t.seen[of][h] || slices.ContainsFunc(one.locks, has) {
		return
	}
	if t.seen[of] == nil {
		t.seen[of] = map[held]bool{}
	}
	t.seen[of][h] = true
	one.locks = append(one.locks, lock{relation: r.OID, mode: mode, how: KnownManual})
}

// modeOf is the mode in which a command locks the tables that it names; empty where event triggers tell.
// https://www.postgresql.org/docs/current/explicit-locking.html
func modeOf(one *step) string {
	concurrently := sqltext.Has(one.text, "concurrently")
	switch one.verb {
	case "TRUNCATE", "CLUSTER":
		return "AccessExclusiveLock"
	case "VACUUM":
		if sqltext.Has(one.text, "full") {
			return "AccessExclusiveLock"
		}
		return "ShareUpdateExclusiveLock"
	case "ANALYZE", "ANALYSE":
		return "ShareUpdateExclusiveLock"
	case "CREATE INDEX", "REINDEX":
		if concurrently {
			return "ShareUpdateExclusiveLock"
		}
		if one.verb == "REINDEX" {
			return "ShareLock"
		}
	case "COPY":
		if sqltext.Has(one.text, "from") {
			return "RowExclusiveLock"
		}
	case "LOCK":
		return lockMode(one.text)
	}
	return ""
}

// lockMode is that of a LOCK TABLE.
func lockMode(text string) string {
	upper := strings.ToUpper(sqltext.Shape(text))
	_, mode, given := strings.Cut(upper, " IN ")
	if !given {
		return "AccessExclusiveLock"
	}
	mode, _, _ = strings.Cut(mode, " MODE")
	var b strings.Builder
	for word := range strings.FieldsSeq(mode) {
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String() + "Lock"
}
