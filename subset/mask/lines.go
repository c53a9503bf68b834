package mask

import "slices"

// Lines of an address are often called by their number alone: line1, zeile_2.
// The word for a line says little without it: orders have lines too.
const (
	lineWords   = `line ln zeile ligne linea linha riga regel adr`
	lineNumbers = `1 2 3 4 5 one two three first second third eins zwei un deux uno dos um dois due`
	// lineContext are words before that say which address it is.
	lineContext = `address addr street billing bill shipping ship delivery deliver postal post mailing mail home work residence residential business invoice
		adress adresse anschrift strasse liefer lieferung rechnung rechnungs versand livraison facturation expedition direccion envio facturacion entrega endereco
		cobranca faturamento indirizzo spedizione fatturazione adres bezorg factuur customer contact owner company person`
	// addressTables are what tables of addresses are called, at the end.
	addressTables = `address addresses addr adresse adressen adresses anschrift anschriften direccion direcciones endereco enderecos morada moradas indirizzo
		indirizzi adres location locations`
)

var addressLineTopic = topic{name: "street", as: "street"}

// addressLine knows a line of an address; how sure is 0 when it is none.
func (c *Classifier) addressLine(parts []string, l Look) (topic, float64) {
	numbered := false
	for len(parts) > 1 && (c.numbers[parts[len(parts)-1]] || c.numbers[parts[0]]) {
		numbered = true
		if c.numbers[parts[0]] {
			parts = parts[1:]
			continue
		}
		parts = parts[:len(parts)-1]
	}
	last := len(parts) - 1
	if last < 0 || !c.lines[parts[last]] || !c.fitsType(addressLineTopic, l.Type) {
		return topic{}, 0
	}
	if slices.ContainsFunc(parts[:last], func(p string) bool { return !c.context[p] }) {
		return topic{}, 0
	}
	ofAddresses := c.addresses[lastPart(l.Table)]
	switch {
	case ofAddresses, last > 0 && numbered:
		return addressLineTopic, 0.9
	case numbered:
		return addressLineTopic, 0.7
	}
	return topic{}, 0
}
