package scratch

import (
	"context"

	"github.com/offshoot-dev/offshoot/internal/host"
)

// Database says what a database is like that an archive was made of. What is not said is as in UTF8 and the locale C.
type Database struct {
	Encoding string
	Collate  string // the system's locales
	Ctype    string
	Provider string // libc, icu or builtin; which of them the server may not know
	Locale   string // of icu or builtin
}

// create makes the database that archives are loaded into. Bytes that are no UTF8 fit into an encoding like the
// source's alone, and by its collation rows are spread over partitions. Where this computer lacks that, it is the order
// of letters that most languages share, if the server has it, and else C.
func (s *Server) create(ctx context.Context, like Database) error {
	if like == (Database{Encoding: like.Encoding}) {
		return s.createdb(ctx, like)
	}
	if s.createdb(ctx, like) == nil {
		return nil
	}
	s.foreign = !like.isC()
	const icu = 15 // the first version that orders a whole database by it
	if s.foreign && s.tools.Major >= icu && like.Encoding == "UTF8" {
		common := Database{Encoding: like.Encoding, Collate: "C", Ctype: "C", Provider: "icu", Locale: "und"}
		if s.createdb(ctx, common) == nil {
			return nil
		}
	}
	return s.createdb(ctx, Database{Encoding: like.Encoding})
}

func (d Database) isC() bool {
	return d.Provider != "icu" && (d.Collate == "C" || d.Collate == "POSIX")
}

// Foreign reports whether the database orders texts otherwise than the one that it was to be like.
func (s *Server) Foreign() bool { return s.foreign }

func (s *Server) createdb(ctx context.Context, like Database) error {
	args := []string{s.tools.Path("createdb"), "--owner=loader", "--template=template0"}
	option := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name+"="+value)
		}
	}
	option("encoding", like.Encoding)
	option("lc-collate", like.Collate)
	option("lc-ctype", like.Ctype)
	if like.Provider == "icu" || like.Provider == "builtin" {
		option("locale-provider", like.Provider)
		option(like.Provider+"-locale", like.Locale)
	}
	return host.Local{}.Run(ctx, host.Command{
		Args: append(args, "subset"), Env: s.environ("postgres"), Dir: s.dir, As: s.as,
	})
}
