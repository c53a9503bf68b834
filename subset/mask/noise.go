package mask

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

const defaultPercent = 10

// noise changes a number by some percent, and keeps its digits after the
// point.
func noise(k Key, f field, r Rule) apply {
	p := k.purpose("noise")
	percent := r.Percent
	if percent == 0 {
		percent = defaultPercent
	}
	return always(func(value string) string {
		d := p.draw(value)
		return scaled(value, f, func(n *big.Rat) *big.Rat {
			factor := new(big.Rat).SetFloat64(1 + d.unit()*percent/100)
			return new(big.Rat).Mul(n, factor)
		})
	})
}

// bucket rounds numbers down to a multiple, dates to the begin of a period.
func bucket(_ Key, f field, r Rule) apply {
	if f.class == date || f.class == timestamp {
		return always(func(value string) string { return rounded(value, r.To) })
	}
	size, _ := new(big.Rat).SetString(r.To)
	return always(func(value string) string {
		return scaled(value, f, func(n *big.Rat) *big.Rat {
			count := new(big.Rat).Quo(n, size)
			floor := new(big.Int).Div(count.Num(), count.Denom())
			return new(big.Rat).Mul(new(big.Rat).SetInt(floor), size)
		})
	})
}

// widest is the exponent beyond which a number is not written out.
const widest = 400

// scaled reckons with a number and writes it with as many digits after the
// point as it had. What is no number (NaN, infinity) stays.
func scaled(value string, f field, reckon func(*big.Rat) *big.Rat) string {
	mantissa, exponent, _ := strings.Cut(value, "e")
	if e, err := strconv.Atoi(strings.TrimPrefix(exponent, "+")); exponent != "" &&
		(err != nil || e > widest || e < -widest) {
		return "0"
	}
	n, ok := new(big.Rat).SetString(value)
	if !ok {
		return value
	}
	digits := 0
	if _, after, ok := strings.Cut(mantissa, "."); ok {
		digits = len(after)
	}
	out := reckon(n)
	if exponent != "" {
		short, _ := out.Float64()
		return strconv.FormatFloat(short, 'g', -1, 64)
	}
	if f.class == integer {
		return clamped(out, f.max)
	}
	return bounded(out, f).FloatString(digits)
}

// bounded keeps a number within the digits that the column holds.
func bounded(n *big.Rat, f field) *big.Rat {
	if !f.fixed {
		return n
	}
	ten := func(e int) *big.Rat {
		power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil))
		if e < 0 {
			power.Inv(power)
		}
		return power
	}
	most := new(big.Rat).Sub(ten(f.digits), ten(-f.scale))
	switch least := new(big.Rat).Neg(most); {
	case n.Cmp(most) > 0:
		return most
	case n.Cmp(least) < 0:
		return least
	}
	return n
}

// clamped keeps a number within its type.
func clamped(n *big.Rat, most int64) string {
	whole, _ := new(big.Int).SetString(n.FloatString(0), 10)
	if most == 0 {
		most = math.MaxInt64
	}
	limit := big.NewInt(most)
	switch {
	case whole.Cmp(limit) > 0:
		return limit.String()
	case whole.Cmp(new(big.Int).Neg(limit)) < 0:
		return new(big.Int).Neg(limit).String()
	}
	return whole.String()
}
