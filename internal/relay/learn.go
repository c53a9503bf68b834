package relay

import (
	"context"
	"net"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Learn has a program ask a database that is empty, and lists its statements
// until it wants to know what only a real one knows. run is given what to add to
// the environment; how it ends does not matter. version is the server's.
func Learn(ctx context.Context, version string, run func(r *Relay)) ([]string, error) {
	var mu sync.Mutex
	var said []string
	r, err := start(ctx, func(_ context.Context, near net.Conn) error {
		return pretend(near, version, func(sql string) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, sql)
		})
	})
	if err != nil {
		return nil, err
	}
	run(r)
	return said, r.Close()
}

// pretend answers as a server would in which there is nothing.
func pretend(conn net.Conn, version string, heard func(sql string)) error {
	near := pgproto3.NewBackend(conn, conn)
	if _, err := near.ReceiveStartupMessage(); err != nil {
		return nil
	}
	near.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{
		"server_version": version, "client_encoding": "UTF8", "server_encoding": "UTF8",
		"standard_conforming_strings": "on", "integer_datetimes": "on",
	} {
		near.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	status := byte('I')
	near.Send(&pgproto3.ReadyForQuery{TxStatus: status})
	for {
		if err := near.Flush(); err != nil {
			return gone(err)
		}
		message, err := near.Receive()
		if err != nil {
			return gone(err)
		}
		query, ok := message.(*pgproto3.Query)
		if !ok {
			return nil
		}
		heard(query.String)
		tag := tagOf(query.String)
		if tag == "BEGIN" {
			status = 'T'
		}
		if tag == "" {
			tag = nothing(near, query.String)
		}
		near.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
		near.Send(&pgproto3.ReadyForQuery{TxStatus: status})
	}
}

// nothing answers a question with no row; or, where it is not about a table,
// with one that says false, or nothing.
func nothing(near *pgproto3.Backend, sql string) (tag string) {
	text := strings.ToUpper(sql)
	if strings.Contains(text, "FROM") {
		near.Send(&pgproto3.RowDescription{})
		return "SELECT 0"
	}
	value := "f"
	if strings.Contains(text, "CURRENT_SCHEMAS") {
		value = "{}"
	}
	const oidOfText = 25
	near.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("value"), DataTypeOID: oidOfText, DataTypeSize: -1, TypeModifier: -1},
	}})
	near.Send(&pgproto3.DataRow{Values: [][]byte{[]byte(value)}})
	return "SELECT 1"
}
