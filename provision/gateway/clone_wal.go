package gateway

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// A write-ahead log segment is called by its timeline and its place in the log.
var segmentName = regexp.MustCompile(`^[0-9A-F]{24}$`)

// spareSegments are the files in a folder pg_wal that PostgreSQL has ready for
// what it will write, with old content under a new name; after a load they are
// often half of all bytes. A database that was shut down in order starts
// without them, and makes them as it needs them.
//
// The first page of a segment that was written says where in the log it is, in
// the byte order of the server: XLogPageHeaderData in access/xlog_internal.h.
// Where no page in the folder says what its name does, nothing is spared: then
// we do not know how to read them.
func spareSegments(folder string) (map[string]bool, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	spare := map[string]bool{}
	understood := false
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !segmentName.MatchString(entry.Name()) {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		written, err := isWritten(path)
		if err != nil {
			return nil, err
		}
		understood = understood || written
		spare[path] = !written
	}
	if !understood {
		return nil, nil
	}
	return spare, nil
}

// isWritten tells whether the first page of a segment belongs to its name.
func isWritten(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	var header [16]byte // magic, flags, timeline, address
	if _, err := io.ReadFull(file, header[:]); err != nil {
		return true, nil // too short for a segment: it is copied as it is
	}
	name := filepath.Base(path)
	high, _ := strconv.ParseUint(name[8:16], 16, 32)
	low, _ := strconv.ParseUint(name[16:], 16, 32)
	return binary.NativeEndian.Uint64(header[8:]) == high<<32+low*uint64(info.Size()), nil
}
