package mask

import (
	"strconv"
	"strings"
)

// country is what addresses look like in one country.
type country struct {
	codes    []string // ISO 3166 and usual names, lower case
	street   string   // # is a number, * a name of the list
	postcode string   // # is a digit, @ a letter
	line     string   // s is the street, p the postcode, c the city
	names    []string // of streets
	cities   []string
}

var (
	german = []string{
		"Lindenstraße", "Gartenweg", "Bergstraße", "Schulstraße", "Birkenweg", "Rosenweg", "Mühlweg",
		"Feldstraße", "Am Anger", "Wiesenweg",
	}
	french = []string{
		"rue des Lilas", "rue du Moulin", "avenue des Tilleuls", "rue de la Gare", "chemin des Vignes",
		"rue des Écoles", "place du Marché", "rue du Lavoir",
	}
	english = []string{
		"Mill Lane", "Church Road", "Orchard Close", "Station Road", "Meadow Way", "Park Avenue",
		"Kings Road", "Chapel Street",
	}
	dutch = []string{
		"Kerkstraat", "Molenweg", "Dorpsstraat", "Schoolstraat", "Beukenlaan", "Lindelaan",
		"Nieuwstraat", "Parkweg",
	}
)

var countries = []country{
	{
		[]string{"de", "deu", "germany", "deutschland"},
		"* #", "#####", "s, p c", german,
		[]string{"Bielefeld", "Göttingen", "Kassel", "Erfurt", "Rostock", "Ulm", "Trier", "Jena", "Fulda", "Lübeck"},
	},
	{
		[]string{"at", "aut", "austria", "österreich"},
		"* #", "####", "s, p c", german,
		[]string{"Graz", "Linz", "Wels", "Villach", "Steyr", "Krems", "Leoben", "Bregenz"},
	},
	{
		[]string{"ch", "che", "switzerland", "schweiz", "suisse"},
		"* #", "####", "s, p c", german,
		[]string{"Chur", "Thun", "Zug", "Olten", "Baden", "Uster", "Wil", "Aarau"},
	},
	{
		[]string{"fr", "fra", "france"},
		"# *", "#####", "s, p c", french,
		[]string{"Angers", "Dijon", "Tours", "Nîmes", "Limoges", "Amiens", "Metz", "Brest", "Rouen", "Caen"},
	},
	{
		[]string{"be", "bel", "belgium", "belgique", "belgië"},
		"* #", "####", "s, p c", dutch,
		[]string{"Gent", "Leuven", "Namur", "Mons", "Aalst", "Kortrijk", "Hasselt", "Genk"},
	},
	{
		[]string{"nl", "nld", "netherlands", "nederland"},
		"* #", "#### @@", "s, p c", dutch,
		[]string{"Utrecht", "Breda", "Arnhem", "Zwolle", "Leiden", "Delft", "Assen", "Ede"},
	},
	{
		[]string{"gb", "gbr", "uk", "united kingdom", "england"},
		"# *", "@@# #@@", "s, c p", english,
		[]string{"Leeds", "Derby", "York", "Exeter", "Norwich", "Oxford", "Lincoln", "Truro"},
	},
	{
		[]string{"ie", "irl", "ireland"},
		"# *", "@## @###", "s, c p", english,
		[]string{"Cork", "Galway", "Sligo", "Athlone", "Ennis", "Tralee", "Naas", "Kilkenny"},
	},
	{
		[]string{"es", "esp", "spain", "españa"},
		"*, #", "#####", "s, p c",
		[]string{
			"Calle Mayor", "Calle del Sol", "Avenida del Parque", "Calle Nueva", "Plaza de la Fuente",
			"Calle Real", "Camino del Molino", "Calle Olivo",
		},
		[]string{"Burgos", "León", "Murcia", "Lugo", "Soria", "Cádiz", "Huelva", "Toledo"},
	},
	{
		[]string{"pt", "prt", "portugal"},
		"*, #", "####-###", "s, p c",
		[]string{
			"Rua Nova", "Rua do Sol", "Avenida da Liberdade", "Rua da Fonte", "Travessa do Moinho",
			"Rua das Flores", "Rua Direita", "Largo da Igreja",
		},
		[]string{"Braga", "Évora", "Faro", "Leiria", "Aveiro", "Viseu", "Beja", "Setúbal"},
	},
	{
		[]string{"it", "ita", "italy", "italia"},
		"*, #", "#####", "s, p c",
		[]string{
			"Via Roma", "Via Garibaldi", "Via dei Pini", "Corso Italia", "Via Verdi", "Piazza Nuova",
			"Via del Mulino", "Viale Europa",
		},
		[]string{"Parma", "Lecce", "Trento", "Udine", "Pisa", "Lucca", "Rimini", "Siena"},
	},
	{
		[]string{"pl", "pol", "poland", "polska"},
		"*, #", "##-###", "s, p c",
		[]string{
			"ul. Polna", "ul. Leśna", "ul. Szkolna", "ul. Ogrodowa", "ul. Lipowa", "ul. Krótka", "ul. Parkowa",
			"ul. Zielona",
		},
		[]string{"Opole", "Kielce", "Lublin", "Radom", "Gdynia", "Elbląg", "Tychy", "Płock"},
	},
}

// america is what is not known to be another country.
func america() country {
	return country{street: "# * Street", postcode: "#####", line: "s, c p", names: streets(), cities: cities()}
}

// countryOf finds a country by what a column says of it.
func countryOf(code string) country {
	code = strings.ToLower(strings.TrimSpace(code))
	for _, c := range countries {
		for _, known := range c.codes {
			if known == code {
				return c
			}
		}
	}
	return america()
}

// shortStreets limits streets to those that leave room for the rest.
func shortStreets(room int) func(country) country {
	const rest = 12 // numbers, blanks and "Street"
	return func(c country) country { c.names = fitting(c.names, room-rest); return c }
}

func shortCities(room int) func(country) country {
	return func(c country) country { c.cities = fitting(c.cities, room); return c }
}

func (c country) address(d *draw) (street, postcode, city string) {
	number := strconv.Itoa(1 + d.below(199))
	street = strings.Replace(strings.Replace(c.street, "#", number, 1), "*", d.of(c.names), 1)
	postcode = strings.Map(func(r rune) rune {
		switch r {
		case '#':
			return rune('0' + d.below(10))
		case '@':
			return rune('A' + d.below(26))
		}
		return r
	}, c.postcode)
	return street, postcode, d.of(c.cities)
}

// located masks by the country that a column of the same row names. fit leaves
// the words that the column has room for.
func located(r Rule, fit func(country) country, make func(c country, value string) string) apply {
	known := map[string]country{"": fit(america())}
	return func(row *row, value string) (string, bool) {
		code := ""
		if r.Country != "" {
			code = row.other(r.Country)
		}
		c, ok := known[code]
		if !ok {
			c = fit(countryOf(code))
			if c.names == nil || c.cities == nil {
				c = known[""]
			}
			known[code] = c
		}
		return make(c, value), true
	}
}

func street(k Key, f field, r Rule) apply {
	p := k.purpose("street")
	return located(r, shortStreets(f.room()), func(c country, value string) string {
		return differing(p, value, func(d *draw) string { s, _, _ := c.address(d); return s })
	})
}

func city(k Key, f field, r Rule) apply {
	p := k.purpose("city")
	return located(r, shortCities(f.room()), func(c country, value string) string {
		return differing(p, value, func(d *draw) string { return d.of(c.cities) })
	})
}

// postcode keeps the shape of the value, and so the country's, unless a
// column says which country it should be.
func postcode(k Key, f field, r Rule) apply {
	p := k.purpose("postcode")
	if r.Country == "" {
		return always(func(value string) string { return p.reshape(value, 0) })
	}
	return located(r, func(c country) country { return c }, func(c country, value string) string {
		made := differing(p, value, func(d *draw) string { _, code, _ := c.address(d); return code })
		if len(made) > f.room() {
			return p.reshape(value, 0)
		}
		return made
	})
}

func address(k Key, f field, r Rule) apply {
	p := k.purpose("address")
	half := max((f.room()-12)/2, 1)
	return located(r, func(c country) country { return shortStreets(half)(shortCities(half)(c)) },
		func(c country, value string) string {
			return differing(p, value, func(d *draw) string {
				street, code, town := c.address(d)
				var b strings.Builder
				for _, part := range c.line {
					switch part {
					case 's':
						b.WriteString(street)
					case 'p':
						b.WriteString(code)
					case 'c':
						b.WriteString(town)
					default:
						b.WriteRune(part)
					}
				}
				return b.String()
			})
		})
}

// differing draws until the outcome is not the value itself.
func differing(p *purpose, value string, make func(*draw) string) string {
	d := p.draw(value)
	for {
		if made := make(&d); !strings.EqualFold(made, value) {
			return made
		}
	}
}
