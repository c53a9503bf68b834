package rehearse_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/rehearse"
)

func TestWatch_MeasuresHowLongOthersWait(t *testing.T) {
	url := fresh(t, `CREATE TABLE a (g int GENERATED ALWAYS AS IDENTITY, id int); INSERT INTO a (id) SELECT generate_series(1, 9);
CREATE TABLE b (id int) PARTITION BY RANGE (id); CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (10);
INSERT INTO b VALUES (1); CREATE TABLE c (id int)`)
	r := watched(t, url, func() {
		psql(t, url, `BEGIN; ALTER TABLE a ADD x int; SELECT pg_sleep(0.6); COMMIT;
BEGIN; LOCK TABLE c IN SHARE MODE; LOCK TABLE ONLY b IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(0.6); COMMIT`)
	})
	of := map[string]rehearse.Probe{}
	for _, p := range r.Probes {
		of[p.Table] = p
	}
	held := map[string]float64{}
	for _, s := range r.Statements {
		for _, l := range s.Locks {
			held[l.Table] = max(held[l.Table], l.Held)
		}
	}
	for table, reads := range map[string]bool{"public.a": true, "public.b": false, "public.c": false} {
		p, most := of[table], held[table]+0.1
		if p.Writes < 0.3 || p.Writes > most || p.Reads > most {
			t.Errorf("%+v, held for %.3f s", p, held[table])
		}
		if waited := p.Reads > 0.3; waited != reads {
			t.Errorf("%+v", p)
		}
	}
	if len(r.Statements) != 9 || !r.Audit.Complete() {
		t.Errorf("%d statements, %+v", len(r.Statements), r.Audit)
	}
}
