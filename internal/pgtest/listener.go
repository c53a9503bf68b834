package pgtest

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// listener hears of a client what it asks, by the messages of PostgreSQL's
// protocol: their beginnings, as they come.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
type listener struct {
	begun  bool   // the message that begins a connection is over
	sealed bool   // nothing can be understood
	heard  []byte // of a message, until that is enough
	skip   int    // bytes of its rest
}

const (
	header  = 5   // bytes: what it is, and how long
	telling = 300 // bytes of a message are enough
)

// hear returns what was said, in few words.
func (l *listener) hear(p []byte) (said []string) {
	for len(p) > 0 && !l.sealed {
		if l.skip > 0 {
			n := min(l.skip, len(p))
			l.skip, p = l.skip-n, p[n:]
			continue
		}
		l.heard, p = append(l.heard, p[0]), p[1:]
		if !l.begun {
			said = append(said, l.opening()...)
			continue
		}
		if len(l.heard) < header {
			continue
		}
		body := int(binary.BigEndian.Uint32(l.heard[1:])) - 4
		if len(l.heard)-header < min(body, telling) {
			continue
		}
		said = append(said, inWords(l.heard[0], l.heard[header:])...)
		l.skip, l.heard = body-(len(l.heard)-header), l.heard[:0]
	}
	return said
}

// opening understands the messages that have no type.
func (l *listener) opening() []string {
	const handshake, bytesOfCode = 0x16, 8
	if l.heard[0] == handshake {
		l.sealed = true
		return []string{"(TLS)"}
	}
	if len(l.heard) < bytesOfCode {
		return nil
	}
	size, code := binary.BigEndian.Uint32(l.heard), binary.BigEndian.Uint32(l.heard[4:])
	l.skip, l.heard = int(size)-bytesOfCode, l.heard[:0]
	switch code {
	case 80877102:
		return []string{"(cancel)"}
	case 80877103, 80877104: // for TLS, for GSSAPI
		return []string{"(may we encrypt?)"}
	}
	l.begun = true
	return []string{"(connect)"}
}

func inWords(kind byte, body []byte) []string {
	switch kind {
	case 'Q':
		return []string{short(body)}
	case 'P':
		_, sql, _ := bytes.Cut(body, []byte{0})
		return []string{short(sql)}
	case 'D':
		return []string{"(describe)"}
	case 'p':
		return []string{"(password)"}
	case 'X':
		return []string{"(farewell)"}
	case 'c':
		return []string{"(end of COPY)"}
	}
	return nil
}

// short is the beginning of a statement in one line.
func short(sql []byte) string {
	const most = 150
	sql, _, _ = bytes.Cut(sql, []byte{0})
	text := strings.Join(strings.Fields(string(sql)), " ")
	return text[:min(len(text), most)]
}
