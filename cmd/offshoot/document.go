package main

import (
	"github.com/offshoot-dev/offshoot/compose"
	"github.com/offshoot-dev/offshoot/internal/checks"
	"github.com/offshoot-dev/offshoot/provision"
)

// What --json prints is a contract of its own: names in snake case, times in
// seconds, lists never null. The fields here stand before those of the same
// name in what they are made of.

// upResult is the document of up.
type upResult struct {
	*provision.Result
	Loaded       *loadedResult   `json:"loaded,omitempty"`
	LoadedOthers []loadedResult  `json:"loaded_others,omitempty"`
	Migrated     *migratedResult `json:"migrated,omitempty"`
	Timings      []timingResult  `json:"timings"`
	Changes      []changeResult  `json:"changes"`
	Checks       *checks.Report  `json:"checks,omitempty"`
}

type loadedResult struct {
	Database string  `json:"database,omitempty"`
	Archive  string  `json:"archive"`
	SHA256   string  `json:"sha256"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
	Cloned   string  `json:"cloned,omitempty"`

	Tables []provision.Table `json:"tables,omitempty"`
}

type migratedResult struct {
	Output  []string `json:"output"`
	Seconds float64  `json:"seconds"`
}

type timingResult struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

type changeResult struct {
	Service string `json:"service,omitempty"`
	What    string `json:"what"`
	Why     string `json:"why,omitempty"`
	Usual   bool   `json:"usual,omitempty"` // every preview has it
}

func newUpResult(r *provision.Result) upResult {
	result := upResult{Result: r, Timings: []timingResult{}}
	if l := r.Loaded; l != nil {
		loaded := newLoadedResult(*l)
		result.Loaded = &loaded
	}
	for _, l := range r.LoadedOthers {
		result.LoadedOthers = append(result.LoadedOthers, newLoadedResult(l))
	}
	if m := r.Migrated; m != nil {
		result.Migrated = &migratedResult{Output: notNull(m.Output), Seconds: m.Took.Seconds()}
	}
	for _, t := range r.Timings {
		result.Timings = append(result.Timings, timingResult{Step: string(t.Step), Seconds: t.Took.Seconds()})
	}
	result.Changes = changeResults(r.Changes)
	return result
}

func newLoadedResult(l provision.Loaded) loadedResult {
	return loadedResult{
		Database: l.Database, Archive: l.Archive, SHA256: l.SHA256, Bytes: l.Bytes, Seconds: l.Took.Seconds(),
		Cloned: l.Cloned, Tables: l.Tables,
	}
}

func changeResults(changes []compose.Change) []changeResult {
	results := []changeResult{}
	for _, c := range changes {
		results = append(results, changeResult(c))
	}
	return results
}

// downResult is the document of down.
type downResult struct {
	Containers []string `json:"containers"`
	Networks   []string `json:"networks"`
	Volumes    []string `json:"volumes"`
	Images     []string `json:"images"`
}

// machineDownResult is that of machines which previews had for themselves.
type machineDownResult struct {
	Machines []string `json:"machines"`
}

func downDocument(r provision.Removed) any {
	if r.Machines != nil {
		return machineDownResult{Machines: r.Machines}
	}
	return downResult{
		Containers: notNull(r.Containers), Networks: notNull(r.Networks), Volumes: notNull(r.Volumes),
		Images: notNull(r.Images),
	}
}

func notNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
