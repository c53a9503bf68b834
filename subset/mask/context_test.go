package mask

import (
	"strings"
	"testing"
)

// What people, credentials and letters are called in schemas whose names say
// little by themselves.
const toldByTables = `
	member.pass_crypt profile.auth_uid profile.matrix_user_id api_keys.key tenant_secrets.value billing.hmac_key
	mailer.server_private_key_pem oauth.otp_code oauth.auth_code oauth.authorization_code web_session.key login.device_cookie
	note.note_title note.note_text person.npi person.dea visit.person_source_value private_message.content dmails.title
	dmails.body user_rename_requests.desired_name user_rename_requests.original_name account_aliases.acct
	registration_application.answer push_subscriptions.endpoint push_subscriptions.key_p256dh push_subscriptions.key_auth
	out_email.recipients out_email.recipients_hidden out_email.subject customer_address.ca_city customer_address.ca_county
	addresses.line1 addresses.line_2`

// And what is called almost so.
const toldApart = `
	catalog_page.cp_department catalog_page.cp_description catalog_page.cp_catalog_page_sk income_band.ib_income_band_sk
	signed_keys.signature users.email_settings files.original_name translation_keys.key products.content pages.title
	articles.body sessions.title form_fields.answer_type aliases.value release_notes.version`

func TestClassify_KnowsColumnsByTheirTables(t *testing.T) {
	c := NewClassifier()
	for column := range strings.FieldsSeq(toldByTables) {
		table, name, _ := strings.Cut(column, ".")
		if f, ok := c.Classify(Look{Table: "public." + table, Name: name, Type: "text"}); !ok || f.As == "" {
			t.Errorf("%s is not found", column)
		}
	}
	for column := range strings.FieldsSeq(toldApart) {
		table, name, _ := strings.Cut(column, ".")
		if f, ok := c.Classify(Look{Table: "public." + table, Name: name, Type: "text"}); ok {
			t.Errorf("false alarm: %s", f)
		}
	}
}

// A number that counts rows, or refers to them, is nobody's; one of a person
// may be a key too.
func TestClassify_TakesNoKeyAndNoFlagForPersonal(t *testing.T) {
	c := NewClassifier()
	for _, l := range []Look{
		{Name: "tax_id", Type: "uuid", Key: true},
		{Name: "tax_id", Type: "uuid"},
		{Name: "postcode", Type: "int4", Key: true},
		{Name: "channel_email", Type: "bpchar", Limit: 1},
	} {
		l.Table = "public.invoices"
		if f, ok := c.Classify(l); ok {
			t.Errorf("%s", f)
		}
	}
	for _, l := range []Look{
		{Name: "ssn", Type: "int8", Key: true},
		{Name: "email", Type: "text", Key: true},
		{Name: "gender", Type: "bpchar", Limit: 1},
		{Name: "session_token", Type: "uuid"},
	} {
		l.Table = "public.people"
		if _, ok := c.Classify(l); !ok {
			t.Errorf("%s is not found", l.Name)
		}
	}
}
