package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/offshoot-dev/offshoot/internal/worktree"
)

// A CopyRequest is what `gateway copy` reads: which entries, and of which
// folder. An engine on another computer has another one at its place, or none.
type CopyRequest struct {
	Folder  string // its identity, see worktree.Identity
	Entries []worktree.Entry
}

// CopyReply is what it prints.
type CopyReply struct {
	Elsewhere bool // it is not that folder; nothing was copied
	worktree.Copied
}

// commandCopy copies parts of a checkout into a volume.
func commandCopy(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("gateway copy: want a folder and an empty one")
	}
	var request CopyRequest
	if err := json.NewDecoder(stdin).Decode(&request); err != nil {
		return fmt.Errorf("gateway copy: %w", err)
	}
	reply, err := copyParts(args[0], args[1], request)
	if err != nil {
		return fmt.Errorf("gateway copy: %w", err)
	}
	return json.NewEncoder(stdout).Encode(reply)
}

func copyParts(from, to string, request CopyRequest) (reply CopyReply, err error) {
	source, err := os.OpenRoot(from)
	if err != nil {
		return reply, err
	}
	defer source.Close()
	target, err := os.OpenRoot(to)
	if err != nil {
		return reply, err
	}
	defer target.Close()
	here, err := worktree.Identity(source)
	if err != nil {
		return reply, err
	}
	if here != request.Folder {
		return CopyReply{Elsewhere: true}, nil
	}
	reply.Copied, err = worktree.Copy(source, target, request.Entries)
	return reply, err
}
