package compose

import (
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v4"
)

const (
	// maxFile is more than any compose file that a person wrote.
	maxFile = 1 << 20
	// maxNodes bounds a file with its aliases expanded. The loader expands them
	// all, and takes seconds for some ten thousand.
	maxNodes = 30_000
)

// documents reads the YAML documents of a compose file. A file that would keep
// the loader busy forever, or overflow its stack, is refused.
func documents(path string) ([]*yaml.Node, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text := &io.LimitedReader{R: file, N: maxFile + 1}
	var docs []*yaml.Node
	for decoder := yaml.NewDecoder(text); ; {
		doc := &yaml.Node{}
		err := decoder.Decode(doc)
		switch {
		case text.N == 0:
			return nil, fmt.Errorf("larger than %d KiB", maxFile>>10)
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		}
		if err := (expansion{}).check(doc); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
}

// expansion is how many nodes each node stands for, with its aliases expanded.
type expansion map[*yaml.Node]int

func (e expansion) check(doc *yaml.Node) error {
	n, err := e.count(doc)
	if err == nil && n > maxNodes {
		err = fmt.Errorf("more than %d values when its aliases are expanded", maxNodes)
	}
	return err
}

func (e expansion) count(node *yaml.Node) (int, error) {
	const counting = -1
	if n, known := e[node]; known {
		if n == counting {
			return 0, fmt.Errorf("line %d: an alias inside of what it stands for", node.Line)
		}
		return n, nil
	}
	e[node] = counting
	children := node.Content
	if node.Kind == yaml.AliasNode {
		children = []*yaml.Node{node.Alias}
	}
	total := 1
	for _, child := range children {
		n, err := e.count(child)
		if err != nil {
			return 0, err
		}
		total = min(total+n, maxNodes+1)
	}
	e[node] = total
	return total, nil
}
