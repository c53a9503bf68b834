//go:build soak

package sink_test

import (
	"testing"

	"github.com/offshoot-dev/offshoot/internal/pgtest"
	"github.com/offshoot-dev/offshoot/subset/mask"
	"github.com/offshoot-dev/offshoot/subset/plan"
)

func TestMask_LeavesNobodyOfPagilaBehind(t *testing.T) {
	url := pgtest.New(t)
	pgtest.Load(t, url, pgtest.Data(t, "pagila.sql"))
	pgtest.Exec(t, url, "ANALYZE")
	spec := plan.Spec{URL: url, Curve: plan.DefaultCurve, Tables: map[string]plan.Rule{
		"public.customer": {All: true}, "public.address": {All: true}, "public.staff": {All: true},
		"public.actor": {All: true}, "public.rental": {All: true},
	}}
	spec.Masking = mask.Masking{
		Privacy: mask.PrivacyStrict, Key: mask.NewKey("key of a test"),
		Rules: maskRules("*.first_name: first_name", "*.last_name: last_name", "*.email: email",
			"public.address.address: street", "public.address.address2: text",
			"public.address.postal_code: postcode", "public.address.phone: phone", "public.staff.username: username",
			"public.staff.password: hash", "public.staff.picture: bytes",
			"public.customer.customer_id: token"),
	}
	secrets := secretsOf(t, url,
		`SELECT email FROM customer UNION SELECT email FROM staff UNION SELECT first_name || E'\t' || last_name FROM customer
		UNION SELECT first_name || E'\t' || last_name FROM actor UNION SELECT first_name || E'\t' || last_name FROM staff
		UNION SELECT address FROM address WHERE length(address) > 5 UNION SELECT phone FROM address WHERE length(phone) > 5`)
	target := wantNone(t, spec, secrets)
	wantSameJoins(t, url, target, "rental JOIN customer USING (customer_id)",
		"customer JOIN address USING (address_id)")
}
