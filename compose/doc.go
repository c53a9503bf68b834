// Package compose loads the developers' compose project, rewrites it for a
// preview, and runs it on a Docker engine.
//
//	Source ──Load──▶ *types.Project ──Transform──▶ *types.Project ──Stack──▶ engine
//	                  (checked)       + []Change       Build Pull Up Run Exec Wait Logs Down
//
// Load and Transform decide and touch nothing; Stack acts and decides nothing.
// Every generation of a preview is a compose project of its own, named
// "<preview>-g<generation>", so that a new one boots beside the one that serves.
//
// What is on the engine is found again by label alone: see List and RemoveByLabel.
package compose
