package relay

import (
	"slices"

	"github.com/jackc/pgx/v5/pgproto3"
)

// readUntil reads answers until that to a statement, which the program gets.
// Those to others it may ask for later.
func (s *session) readUntil(sql string) error {
	for len(s.pending) > 0 {
		a := s.pending[0]
		s.pending = s.pending[1:]
		var kept answer
		wanted := a.sql == sql && !a.done
		take := func(m pgproto3.BackendMessage) {
			switch {
			case wanted:
				s.near.Send(m)
			case !a.done:
				kept = append(kept, clone(m))
			}
		}
		if err := s.read(a, wanted, take); err != nil {
			return err
		}
		if wanted {
			return s.near.Flush()
		}
		if !a.done {
			s.early[a.sql] = append(s.early[a.sql], kept)
		}
	}
	return nil
}

const flushed = 1 << 8 // messages

// read hands on the answer to a statement, message by message. An error of one
// that was taken for done is the answer to the next.
func (s *session) read(a asking, wanted bool, take func(pgproto3.BackendMessage)) error {
	oid := -1 // position of that column
	for n := 0; ; n++ {
		message, err := s.far.Receive()
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.RowDescription:
			oid = slices.IndexFunc(m.Fields, func(f pgproto3.FieldDescription) bool { return string(f.Name) == "oid" })
			s.foresight.list()
		case *pgproto3.DataRow:
			if oid >= 0 && m.Values[oid] != nil {
				s.foresight.see(string(m.Values[oid]))
			}
		case *pgproto3.ErrorResponse:
			if a.done && s.failed == nil {
				failed := *m
				s.failed = &failed
			}
			if wanted && s.failed != nil {
				message, s.told = s.failed, true
			}
		case *pgproto3.ReadyForQuery:
			if wanted {
				s.status = m.TxStatus
			}
			take(message)
			return nil
		}
		take(message)
		if wanted && n%flushed == flushed-1 { // the answer may be larger than memory
			if err := s.near.Flush(); err != nil {
				return err
			}
		}
	}
}

// clone copies a message, which lives only until the next one comes.
func clone(m pgproto3.BackendMessage) pgproto3.BackendMessage {
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		fields := slices.Clone(m.Fields)
		for i := range fields {
			fields[i].Name = slices.Clone(fields[i].Name)
		}
		return &pgproto3.RowDescription{Fields: fields}
	case *pgproto3.DataRow:
		values := make([][]byte, len(m.Values))
		for i, v := range m.Values {
			values[i] = slices.Clone(v)
		}
		return &pgproto3.DataRow{Values: values}
	case *pgproto3.CommandComplete:
		return &pgproto3.CommandComplete{CommandTag: slices.Clone(m.CommandTag)}
	case *pgproto3.ReadyForQuery:
		return &pgproto3.ReadyForQuery{TxStatus: m.TxStatus}
	case *pgproto3.ParameterStatus:
		return &pgproto3.ParameterStatus{Name: m.Name, Value: m.Value}
	case *pgproto3.ErrorResponse:
		one := *m
		return &one
	case *pgproto3.NoticeResponse:
		one := *m
		return &one
	}
	return m
}
