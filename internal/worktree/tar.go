package worktree

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// WriteTar writes entries as Copy copies them, as an archive for an engine that
// is on another computer. Folders have to be named before what is in them.
func WriteTar(to *tar.Writer, from *os.Root, entries []Entry) error {
	for _, e := range entries {
		if err := writeEntry(to, from, e); err != nil {
			return err
		}
	}
	return nil
}

func writeEntry(to *tar.Writer, from *os.Root, e Entry) error {
	info, err := from.Lstat(e.From)
	if err != nil {
		return ignoreMissing(err)
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return to.WriteHeader(header(e.To+"/", info))
	case mode&fs.ModeSymlink != 0:
		h := header(e.To, info)
		if h.Linkname, err = from.Readlink(e.From); err != nil {
			return ignoreMissing(err)
		}
		return to.WriteHeader(h)
	case mode.IsRegular():
		return writeFile(to, from, e)
	}
	return nil
}

func writeFile(to *tar.Writer, from *os.Root, e Entry) error {
	file, err := from.OpenFile(e.From, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return ignoreMissing(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if err := to.WriteHeader(header(e.To, info)); err != nil {
		return err
	}
	n, err := io.CopyN(to, file, info.Size())
	if errors.Is(err, io.EOF) && n < info.Size() {
		return errors.New(e.From + " became shorter while it was read")
	}
	return err
}

// header has owner, mode and time as they are.
func header(name string, info fs.FileInfo) *tar.Header {
	uid, gid := owner(info)
	h := &tar.Header{
		Name: name, Typeflag: tar.TypeReg, Size: info.Size(), Mode: int64(info.Mode().Perm()),
		Uid: max(uid, 0), Gid: max(gid, 0), ModTime: info.ModTime(), Format: tar.FormatPAX,
	}
	switch {
	case info.IsDir():
		h.Typeflag, h.Size = tar.TypeDir, 0
	case info.Mode()&fs.ModeSymlink != 0:
		h.Typeflag, h.Size = tar.TypeSymlink, 0
	}
	return h
}

// Header is that of an entry at another name, such as that of a folder whose
// owner and mode a new one is to have.
func Header(from *os.Root, e Entry) (*tar.Header, error) {
	info, err := from.Lstat(e.From)
	if err != nil {
		return nil, err
	}
	return header(e.To, info), nil
}
