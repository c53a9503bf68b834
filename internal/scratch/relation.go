package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Segment is how long one file of a relation is at most.
const Segment = 1 << 30

// WriteRelation makes the files of a relation as long as wanted, without room on disk for what is empty: with begin as
// its first bytes or, where that is nil and keep is true, with those that are there. Path is below the data directory.
// No session may have read the relation.
func (s *Server) WriteRelation(path string, begin []byte, keep bool, size int64) error {
	for number := 0; number == 0 || size > 0; number++ {
		name := filepath.Join(s.data(), filepath.FromSlash(path))
		if !filepath.IsLocal(path) {
			return fmt.Errorf("relation %s is not in the data directory", path)
		}
		if number > 0 {
			name = fmt.Sprintf("%s.%d", name, number)
		}
		if err := s.writeSegment(name, begin, keep, min(size, Segment)); err != nil {
			return err
		}
		begin, size = nil, size-Segment
	}
	return nil
}

func (s *Server) writeSegment(name string, begin []byte, keep bool, size int64) (err error) {
	flags := os.O_WRONLY | os.O_CREATE
	if !keep {
		flags |= os.O_TRUNC
	}
	file, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if s.as != nil {
		if err := file.Chown(int(s.as.Uid), int(s.as.Gid)); err != nil {
			return err
		}
	}
	if _, err := file.Write(begin); err != nil {
		return err
	}
	return file.Truncate(size)
}
