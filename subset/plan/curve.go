package plan

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// Curve says how many of n rows to keep: a straight line through two points
// on log-log axes. The zero Curve is DefaultCurve.
type Curve struct {
	From, To Point
}

// Point is one point of a Curve: of Source rows, Kept are kept.
type Point struct {
	Source, Kept float64
}

// DefaultCurve keeps 3 of 10 rows and 10,000 of a million.
var DefaultCurve = Curve{From: Point{10, 3}, To: Point{1_000_000, 10_000}}

// Rows is the number of rows to keep of n: at least 1, at most n, 0 of none.
func (c Curve) Rows(n int64) int64 {
	if n <= 0 {
		return 0
	}
	if c == (Curve{}) {
		c = DefaultCurve
	}
	slope := math.Log(c.To.Kept/c.From.Kept) / math.Log(c.To.Source/c.From.Source)
	kept := c.From.Kept * math.Pow(float64(n)/c.From.Source, slope)
	return min(max(int64(math.Round(kept)), 1), n)
}

// String is the form that ParseCurve reads.
func (c Curve) String() string {
	if c == (Curve{}) {
		c = DefaultCurve
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	return fmt.Sprintf("%s:%s,%s:%s", number(c.From.Source), number(c.From.Kept), number(c.To.Source),
		number(c.To.Kept))
}

// ParseCurve reads two points, such as "10:3,1000000:10000".
func ParseCurve(s string) (Curve, error) {
	points := map[int64]int64{}
	for part := range strings.SplitSeq(s, ",") {
		source, kept, ok := strings.Cut(part, ":")
		n, err1 := strconv.ParseInt(strings.TrimSpace(source), 10, 64)
		k, err2 := strconv.ParseInt(strings.TrimSpace(kept), 10, 64)
		if !ok || err1 != nil || err2 != nil {
			return Curve{}, curveError(fmt.Errorf("%q is not source:kept", part))
		}
		points[n] = k
	}
	return NewCurve(points)
}

// NewCurve makes a curve through exactly two points, source rows to kept rows.
func NewCurve(points map[int64]int64) (Curve, error) {
	if len(points) != 2 {
		return Curve{}, curveError(fmt.Errorf("%d points, not 2", len(points)))
	}
	var sources []int64
	for n, k := range points {
		if n < 1 || k < 1 || k > n {
			return Curve{}, curveError(fmt.Errorf("cannot keep %d of %d rows", k, n))
		}
		sources = append(sources, n)
	}
	slices.Sort(sources)
	from, to := sources[0], sources[1]
	if points[to] < points[from] {
		return Curve{}, curveError(errors.New("it falls"))
	}
	return Curve{
		From: Point{float64(from), float64(points[from])},
		To:   Point{float64(to), float64(points[to])},
	}, nil
}

func curveError(err error) error {
	return hint.Usage(fmt.Errorf("curve: %w", err), "give two points, such as 10:3,1000000:10000")
}
