package main

import "path/filepath"

// A subject is a package that decides, or the files in it that do.
type subject struct {
	dir   string
	files []string // patterns; none: all files of the package
	skip  string   // tests that are left out, because they take long and hold other files
}

// subjects are all packages that decide. What only a container engine or a
// server can answer is left out, such as provision/sweep/engine.go: changed code
// sees none, and starts none.
var subjects = []subject{
	{dir: "subset/mask"},
	{dir: "subset/plan"},
	{dir: "subset/walk", files: []string{ // what decides about rows; the rest asks the server for them
		"chooser.go", "directory.go", "hash.go", "index.go", "layout.go", "market.go", "memory.go", "notes.go",
		"questions.go", "result.go", "schema.go", "seen.go", "sharing.go",
	}},
	{
		dir: "compose",
		skip: "^Test(Up|Wait|Stack|RemoveByLabel|Logs|Exec|Run|Resume|Pull|List|Stop|Build|Find[A-Za-z]*|LooksLike" +
			"Postgres)_|^Test(Load|SettleData)$|^TestLoad_(Errors|Interpolation|SaysWhich|FindsThe|Named|Files|Large" +
			"|Later)|^TestTransform_(Database|Environment|Labels|Limits|Logging|Networks|Ports|Restart)",
		files: []string{
			"refuse.go", "checker.go", "foreign.go", "mounted.go", "without.go", "rawsockets.go",
		},
	},
	{dir: "internal/guard"},
	{dir: "provision/gateway"},
	{
		dir: "provision/sweep", skip: "^Test(Engine|Store)_",
		files: []string{"sweep.go", "run.go", "mark.go", "machines.go", "surplus.go"},
	},
	{dir: "internal/ci"},
	{dir: "internal/forge"},
}

// includes tells whether the file, without its folder, is meant.
func (s subject) includes(file string) bool {
	for _, pattern := range s.files {
		if ok, err := filepath.Match(pattern, file); err == nil && ok {
			return true
		}
	}
	return len(s.files) == 0
}
