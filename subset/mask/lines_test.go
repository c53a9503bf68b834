package mask

import (
	"strings"
	"testing"
)

func TestClassify_KnowsLinesOfAddresses(t *testing.T) {
	c := NewClassifier()
	for _, name := range strings.Fields(`line1 line_1 Line1 line2 line_two addr1 addr_2 address1 address_line_1 addressLine1 addr_line1 street1 street_2 adr1
		strasse1 straße_2 zeile1 adresszeile_1 anschrift1 adresse1 adresse_ligne_1 ligne1 rue1 voie_2 calle1 linea1 línea_2 direccion1 direccion_linea_1
		domicilio1 rua1 logradouro1 linha1 endereco1 endereco_linha_2 morada1 billing_line1 shipping_line_2 riga1 regel1 first_line line`) {
		f, ok := c.Classify(Look{Table: "public.addresses", Name: name, Type: "text"})
		if !ok || f.As != "street" && f.As != "address" {
			t.Errorf("addresses.%s: %+v", name, f)
		}
		if name == "line" {
			continue
		}
		if _, ok := c.Classify(Look{Table: "public.sites", Name: name, Type: "varchar"}); !ok {
			t.Errorf("sites.%s passes", name)
		}
	}
}

func TestClassify_TakesNoOtherLineForOneOfAnAddress(t *testing.T) {
	c := NewClassifier()
	for _, l := range []Look{
		{Name: "line", Type: "text"},
		{Name: "line_number", Type: "text"},
		{Name: "line_1", Type: "int4"},
		{Name: "line1_total", Type: "text"},
		{Name: "subject_line_1", Type: "text"},
		{Name: "header_line1", Type: "text"},
		{Name: "order_line_id", Type: "text"},
		{Name: "line_item", Type: "text"},
		{Name: "ligne_budgetaire", Type: "text"},
		{Name: "product_line_2", Type: "text"},
		{Name: "line_2_active", Type: "bool"},
	} {
		l.Table = "public.orders"
		if f, ok := c.Classify(l); ok {
			t.Errorf("%s: %+v", l.Name, f)
		}
	}
}
