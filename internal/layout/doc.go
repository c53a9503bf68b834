// Package layout keeps the shape of the repository: which package may import
// which, and a few rules of the house that a machine can check. It holds tests
// only.
//
// Two pipelines never import each other; they meet in an archive:
//
//	subset/catalog <- subset/mask <- subset/plan <- subset <- subset/sink
//	subset/catalog <- subset/snapshot <- subset/score <- subset
//	compose <- provision <- provision/docker -> provision/machine <- provision/ec2
//
// A better shape is welcome: change the table in imports_test.go, and the one
// in CONTRIBUTING.md, in the same commit.
package layout
