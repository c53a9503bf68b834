package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/offshoot-dev/offshoot/internal/config"
	"github.com/offshoot-dev/offshoot/internal/rehearse"
	"github.com/offshoot-dev/offshoot/internal/ui"
	"github.com/offshoot-dev/offshoot/subset/snapshot"
)

const (
	askTime  = 10 * time.Second // for one question to production
	askWhole = time.Minute
)

// askSource asks the source, where there is one, whether what a migration adds holds for its rows, and how many of them
// it changes; once. That it cannot is told in the report, and fails nothing.
func (a sourcing) askSource(ctx context.Context, cfg *config.Config, report *rehearse.Report) {
	if report == nil || !slices.ContainsFunc(report.Questions, (*rehearse.Question).Open) {
		return
	}
	nobody := func(why string) {
		why = ui.Clean(a.secrets.Redact(why))
		for _, q := range report.Questions {
			if q.Open() {
				q.Failed = why
			}
		}
	}
	source, err := a.source(cfg, "")
	if errors.Is(err, errNoSource) {
		nobody("there is no source here")
		return
	}
	if err != nil {
		nobody(err.Error())
		return
	}
	way, err := a.way(cfg, "")
	if err != nil {
		nobody(err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askWhole)
	defer cancel()
	report.Questions = report.Questions[:min(len(report.Questions), rehearse.MostQuestions)]
	questions := make([]string, len(report.Questions))
	for i, q := range report.Questions {
		questions[i] = q.SQL()
	}
	answers, err := snapshot.CountEach(ctx, source, way, askTime, questions)
	if err != nil {
		nobody(err.Error())
		return
	}
	for i, q := range report.Questions {
		if q.Failed = askedInVain(answers[i].Err); q.Failed == "" {
			q.Answer(answers[i].Rows)
		}
	}
	report.Recount()
}

// askedInVain says why there is no answer, without the server's words: they may show values.
func askedInVain(err error) string {
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.DeadlineExceeded):
		return "the minute for all questions was over"
	case !errors.As(err, &refused):
		return "the connection broke"
	case refused.Code == "57014":
		return "it took longer than " + askTime.String()
	case refused.Code == "42501":
		return "the role may not read that"
	}
	return "SQLSTATE " + refused.Code
}
