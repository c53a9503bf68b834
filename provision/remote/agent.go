package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Command is the hidden `offshoot agent`, which only offshoot itself calls, on
// a machine that it has reached:
//
//	agent compare FOLDER             a tree on standard input, the missing parts on standard output
//	agent receive FOLDER             parts on standard input
//	agent fetch FOLDER               a link on standard input, of an archive that the machine is to fetch
//	agent start FOLDER               an order on standard input
//	agent run FOLDER ID              the process of a run
//	agent follow FOLDER ID OFFSET    the journal of a run from there on
func Command(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer, up Up, fetch Fetch) error {
	if len(args) < 2 {
		return errors.New("agent: want a verb and a folder")
	}
	verb, args, place := args[0], args[2:], Place{Folder: args[1]}
	var err error
	if place.Program, err = os.Executable(); err != nil {
		return err
	}
	switch {
	case verb == "compare" && len(args) == 0:
		return place.compare(stdin, stdout)
	case verb == "receive" && len(args) == 0:
		return place.objects().receive(stdin, stdout)
	case verb == "fetch" && len(args) == 0:
		return place.commandFetch(ctx, stdin, stdout, fetch)
	case verb == "start" && len(args) == 0:
		return place.commandStart(ctx, stdin, stdout)
	case verb == "run" && len(args) == 1:
		return place.Run(ctx, args[0], up)
	case verb == "follow" && len(args) == 2:
		offset, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return fmt.Errorf("agent follow: %w", err)
		}
		return place.Follow(ctx, args[0], offset, stdout)
	}
	return fmt.Errorf("agent: %s does not go with %d arguments", verb, len(args))
}

func (p Place) compare(stdin io.Reader, stdout io.Writer) error {
	var tree Tree
	if err := json.NewDecoder(stdin).Decode(&tree); err != nil {
		return fmt.Errorf("agent compare: %w", err)
	}
	if err := tree.check(); err != nil {
		return fmt.Errorf("agent compare: %w", err)
	}
	return json.NewEncoder(stdout).Encode(p.objects().missing(tree))
}

func (p Place) commandStart(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	var order Order
	if err := json.NewDecoder(stdin).Decode(&order); err != nil {
		return fmt.Errorf("agent start: %w", err)
	}
	started, err := p.Start(ctx, order)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(started)
}
