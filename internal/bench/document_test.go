package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func aDocument() Document {
	s := Shop{Scale: 1, Rows: 12_300_000, Bytes: 1600 << 20, Heaps: 29, Tables: []Table{
		{
			Name: "orders", Source: 2_000_000, Target: 16_297, Kept: 17_000, Forced: 900,
			By: "payments.payments_order_id_fkey",
		},
		{Name: "coupons"},
	}}
	s.Add(Scan, Cost{Seconds: 2, Server: 1.9, Blocks: 150_000})
	s.Add(Scan, Cost{Seconds: 3, Server: 1.8, Blocks: 150_000})
	s.Add(Scan, Cost{Seconds: 2.5, Server: 1.7, Blocks: 150_000})
	s.Add(Schema, Cost{Seconds: 0.5, Memory: 12 << 20})
	s.Add(Database,
		Cost{
			Seconds: 4.5, Server: 3, Client: 1, Memory: 50 << 20, Children: 12 << 20, Blocks: 9000, Rows: 17_000,
			Target: 16_297,
		})
	return Document{
		Day: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), Rounds: 3, Shops: []Shop{s},
		Missing: []string{"pg_sample"},
		Machine: Machine{
			Processor: "Model 12", Cores: 2, Memory: 24 << 30, System: "Linux 6.1", Load: "0.10",
			Server: "15.18", Program: "v1",
		},
	}
}

const wantText = `Model 12, 2 cores (load before: 0.10), 25.8 GB of memory, Linux 6.1, PostgreSQL 15.18, offshoot v1
2026-11-27, 3 rounds: median (fastest to slowest)

12.3 M rows in 29 tables and partitions, 1.7 GB
step      seconds     spread  server CPU s  client CPU s  peak memory  of pg tools  blocks  disk reads  round trips   rows  of target
scan         2.50  2.00–3.00          1.80             –            –            –  150000           –            –      –          –
schema       0.50  0.50–0.50             –             –      12.6 MB            –       –           –            –      –          –
database     4.50  4.50–4.50          3.00          1.00      52.4 MB      12.6 MB    9000           –            –  17000       1.04

kept of 12.3 M rows
table     source  target   kept  of target  forced  mostly by
orders   2000000   16297  17000       1.04     900  payments.payments_order_id_fkey
coupons        –       –      –          –       –

ratio                                                          value  goal
12.3 M rows: database / (scan + schema)                         1.50  at most 1.6: held
12.3 M rows: database, peak memory / (64 MB + 32 bytes a row)   0.77  at most 1: held
12.3 M rows: dangling rows                                      0.00  none: held
12.3 M rows: kept / target, whole database                      1.04  0.8 to 1.3: held
12.3 M rows: kept / target, lowest (orders)                     1.04  at least 0.5: held
Not installed, so not measured: pg_sample.
`

func TestText_AlignsItsColumns(t *testing.T) {
	if diff := cmp.Diff(wantText, aDocument().Text()); diff != "" {
		t.Error(diff)
	}
}

const wantMarkdown = `## Results

Model 12, 2 cores (load before: 0.10), 25.8 GB of memory, Linux 6.1, PostgreSQL 15.18, offshoot v1.
2026-11-27, 3 rounds: median (fastest to slowest).

### 12.3 M rows in 29 tables and partitions, 1.7 GB

| step | seconds | spread | server CPU s | client CPU s | peak memory | of pg tools | blocks | disk reads | round trips | rows | of target |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| scan | 2.50 | 2.00–3.00 | 1.80 | – | – | – | 150000 | – | – | – | – |
| schema | 0.50 | 0.50–0.50 | – | – | 12.6 MB | – | – | – | – | – | – |
| database | 4.50 | 4.50–4.50 | 3.00 | 1.00 | 52.4 MB | 12.6 MB | 9000 | – | – | 17000 | 1.04 |

## Goals

| ratio | value | goal |
| --- | ---: | --- |
| 12.3 M rows: database / (scan + schema) | 1.50 | at most 1.6: held |
| 12.3 M rows: database, peak memory / (64 MB + 32 bytes a row) | 0.77 | at most 1: held |
| 12.3 M rows: dangling rows | 0.00 | none: held |
| 12.3 M rows: kept / target, whole database | 1.04 | 0.8 to 1.3: held |
| 12.3 M rows: kept / target, lowest (orders) | 1.04 | at least 0.5: held |

Not installed, so not measured: pg_sample.

## Kept of 12.3 M rows

| table | source | target | kept | of target | forced | mostly by |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
| orders | 2000000 | 16297 | 17000 | 1.04 | 900 | payments.payments_order_id_fkey |
| coupons | – | – | – | – | – |  |
`

func TestMarkdown_IsThePageInDocs(t *testing.T) {
	page := aDocument().Markdown()
	from := strings.Index(page, "## Results")
	if from < 0 || !strings.HasPrefix(page, "# Benchmark\n") {
		t.Fatalf("no results in\n%s", page)
	}
	if diff := cmp.Diff(wantMarkdown, page[from:]); diff != "" {
		t.Error(diff)
	}
}

func TestDocument_OfAllToolsNamesNoMissingOne(t *testing.T) {
	d := aDocument()
	d.Missing = nil
	if text := d.Text() + d.Markdown(); strings.Contains(text, "Not installed") {
		t.Error(text)
	}
}

func TestDocument_OfOneRoundHasNoMedian(t *testing.T) {
	d := aDocument()
	d.Rounds = 1
	if text := d.Text(); !strings.Contains(text, "\n2026-11-27, one round\n") {
		t.Error(text)
	}
}

func TestSize_OfNothingWasNotMeasured(t *testing.T) {
	for bytes, want := range map[int64]string{0: "–", 4096: "4.1 kB", 5_000_000: "5.0 MB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d: %s", bytes, got)
		}
	}
}
