package remote

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/offshoot-dev/offshoot/compose"
)

// What is typed on a terminal here and how large it is go to a command there
// over one stream, as frames: a byte that says which, two of a length, and as
// many bytes.
const (
	frameOfKeys = 'k'
	frameOfSize = 's' // width and height, two bytes each
	largestKeys = 1 << 12
)

// framed is the stream, until the keys end.
func framed(keys io.Reader, sizes <-chan compose.Size) io.Reader {
	r, w := io.Pipe()
	var mutex sync.Mutex
	send := func(kind byte, p []byte) error {
		mutex.Lock()
		defer mutex.Unlock()
		_, err := w.Write(append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(p))), p...))
		return err
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-sizes:
				_ = send(frameOfSize,
					binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, s.Width), s.Height))
			case <-done:
				return
			}
		}
	}()
	go func() {
		defer close(done)
		p := make([]byte, largestKeys)
		for {
			n, err := keys.Read(p)
			if n > 0 {
				err = errors.Join(err, send(frameOfKeys, p[:n]))
			}
			if err != nil {
				_ = w.Close()
				return
			}
		}
	}()
	return r
}

// unframed takes the stream apart again. Of several sizes that nobody took yet
// the last one counts.
func unframed(stream io.Reader) (keys io.Reader, sizes <-chan compose.Size) {
	r, w := io.Pipe()
	latest := make(chan compose.Size, 1)
	go func() {
		for {
			kind, p, err := frame(stream)
			if err != nil {
				_ = w.CloseWithError(err) // io.EOF ends the keys as they ended there
				return
			}
			if kind == frameOfKeys {
				_, _ = w.Write(p)
				continue
			}
			select {
			case <-latest:
			default:
			}
			latest <- compose.Size{Width: binary.BigEndian.Uint16(p), Height: binary.BigEndian.Uint16(p[2:])}
		}
	}()
	return r, latest
}

func frame(stream io.Reader) (kind byte, p []byte, err error) {
	var head [3]byte
	if _, err := io.ReadFull(stream, head[:]); err != nil {
		return 0, nil, err
	}
	kind, p = head[0], make([]byte, binary.BigEndian.Uint16(head[1:]))
	if kind != frameOfKeys && (kind != frameOfSize || len(p) != 4) {
		return 0, nil, fmt.Errorf("a frame of kind %q with %d bytes", kind, len(p))
	}
	if _, err = io.ReadFull(stream, p); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // the head promised more
	}
	return kind, p, err
}

// rawLines writes lines to a terminal in raw mode, which does not go back to
// the beginning of a line by itself.
type rawLines struct{ w io.Writer }

func (r rawLines) Write(p []byte) (int, error) {
	_, err := r.w.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}
