package seed

import "strings"

// list splits a comma-separated list of words.
func list(words string) []string {
	out := strings.Split(strings.Join(strings.Fields(words), " "), ",")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// folder spells names in the letters of an email address.
var folder = strings.NewReplacer("ë", "e", "é", "e", "è", "e", "á", "a", "ã", "a", "å", "a", "ä", "ae", "ö", "oe", "ø",
	"o",
	"ü", "ue", "ł", "l", "ñ", "n", "ç", "c", "ć", "c", "č", "c", "ř", "r", "ó", "o", "í", "i", "ú", "u", "š", "s", "ž",
	"z", "ğ", "g", "ı", "i",
	"'", "", " ", "", "-", "")

func fold(name string) string {
	lower := strings.NewReplacer("Ł", "l", "Ø", "o", "Å", "a", "Ö", "oe", "É", "e", "Ç", "c", "Š", "s", "Ž",
		"z").Replace(name)
	return folder.Replace(strings.ToLower(lower))
}

func firstNames() []string {
	return list(`Ada, Agnes, Aisha, Alba, Alice, Amara, Amélie, Anna, Anouk, Arthur, Asha, Astrid, Beatriz, Ben, Bilal, Bruno,
		Camille, Carlos, Chiara, Clara, Daniel, David, Diego, Dilara, Edith, Elena, Elif, Emil, Emma, Esther, Eva, Farah,
		Felix, Finn, Fiona, Florian, Freya, Gabriel, George, Greta, Hana, Hannah, Henrik, Hugo, Ida, Imran, Ines, Ingrid,
		Iris, Ivan, Jakob, Jana, Jane, Javier, João, Johanna, Jonas, Julia, Kai, Karin, Kateřina, Kofi, Lara, Lea, Leo, Lina,
		Lucía, Ludwig, Łukasz, Lotte, Magnus, Maja, Marco, Maria, Marta, Matteo, Maya, Mehmet, Mila, Mohammed, Nadia, Naomi,
		Nina, Noah, Nora, Oğuz, Olga, Oliver, Oskar, Paula, Pedro, Petra, Priya, Rafael, Rosa, Ruth, Sami, Sara, Siobhán,
		Sofia, Søren, Tarek, Thea, Tomás, Uma, Vera, Victor, Wanda, Yara, Yusuf, Zoë, Zofia`)
}

func lastNames() []string {
	return list(`Adeyemi, Ahmed, Almeida, Andersen, Bakker, Bauer, Becker, Bennett, Berg, Bianchi, Blom, Brown, Byrne, Carter,
		Castillo, Çelik, Costa, D'Angelo, Dahl, Demir, Diaz, Dubois, Dupont, Eriksson, Evans, Fernández, Ferrari, Fischer,
		Fournier, Fuchs, Garcia, Gruber, Hansen, Hoffmann, Holm, Horvat, Hughes, Ivanova, Jansen, Johansson, Jones, Kaya,
		Keller, Khan, Kovač, Kowalski, Kruse, Larsen, Laurent, Lefèvre, Lewis, Lindqvist, López, Maier, Marino, Martin,
		McCarthy, Meyer, Moreau, Müller, Murphy, Nagy, Nielsen, Novák, Núñez, O'Brien, O'Connor, Okafor, Oliveira, Osei,
		Patel, Pereira, Petrov, Popescu, Ramos, Ricci, Rossi, Roux, Ryan, Sánchez, Santos, Schmidt, Schneider, Silva, Singh,
		Smit, Smith, Sørensen, Šimić, Taylor, Torres, Van den Berg, Varga, Visser, Vogel, Wagner, Weber, Wójcik, Yılmaz, Zimmer`)
}

func cities() []string {
	return list(`Amsterdam, Antwerp, Barcelona, Bath, Bergen, Berlin, Bilbao, Bologna, Bordeaux, Brighton, Bristol, Bruges,
		Brno, Cork, Delft, Dublin, Edinburgh, Florence, Freiburg, Galway, Ghent, Gothenburg, Graz, Hamburg, Helsinki, Kraków,
		Leeds, Leiden, Leipzig, Lisbon, Ljubljana, Lucerne, Lyon, Malmö, Marseille, Munich, Nantes, Oslo, Porto, Prague,
		Salzburg, Seville, Tallinn, Tours, Turin, Turku, Utrecht, Valencia, Vienna, Zürich`)
}

func streets() []string {
	return list(`Acacia Road, Alder Close, Beech Avenue, Birch Lane, Bramble Way, Canal Street, Cedar Row, Chapel Lane,
		Cherry Walk, Church Street, Clover Court, Elm Street, Fern Hill, Garden Row, Gorse Lane, Hawthorn Road, Hazel Grove,
		Heather Rise, High Street, Holly Bank, Ivy Lane, Juniper Street, Lark Lane, Laurel Road, Lime Street, Linden Avenue,
		Maple Drive, Market Square, Meadow View, Mill Lane, Moss Street, Nettle Lane, Oak Street, Orchard Road, Park Road,
		Pine Walk, Poplar Street, Quay Street, River Lane, Rose Street, Rowan Close, Sage Street, Station Road, Thistle Lane,
		Thyme Walk, Tulip Street, Vine Street, Willow Bank, Wood Lane, Yew Tree Road`)
}

// countries are code, name, dial code.
func countries() [][]any {
	var rows [][]any
	for _, c := range list(`AT Austria +43, BE Belgium +32, CH Switzerland +41, CZ Czechia +420, DE Germany +49, DK Denmark +45,
		EE Estonia +372, ES Spain +34, FI Finland +358, FR France +33, GB United Kingdom +44, GR Greece +30, HR Croatia +385,
		HU Hungary +36, IE Ireland +353, IS Iceland +354, IT Italy +39, LT Lithuania +370, LU Luxembourg +352, LV Latvia +371,
		MT Malta +356, NL Netherlands +31, NO Norway +47, PL Poland +48, PT Portugal +351, RO Romania +40, SE Sweden +46,
		SI Slovenia +386, SK Slovakia +421`) {
		end := strings.LastIndex(c, " ")
		rows = append(rows, []any{c[:2], c[3:end], c[end+1:]})
	}
	return rows
}

func cultivarFirst() []string {
	return list(`Amber, Autumn, Black, Blue, Bold, Bronze, Copper, Coral, Crimson, Curly, Dancing, Dusty, Emerald, First, Frosted,
		Gentle, Ghost, Giant, Golden, Green, Honey, Ivory, Jade, Lemon, Little, Lucky, Midnight, Misty, Moon, Morning, Night,
		Northern, Old, Painted, Pearl, Pink, Quiet, Rainy, Red, River, Royal, Ruby, Silent, Silver, Slow, Snow, Spotted,
		Starry, Summer, Sunday, Velvet, White, Wild, Winter, Woolly`)
}

func cultivarLast() []string {
	return list(`Arrow, Bells, Brook, Candle, Cascade, Cloud, Crown, Curtain, Dancer, Dawn, Dream, Dust, Ember, Fan, Feather, Fire,
		Fountain, Fox, Ghost, Giant, Halo, Heart, Island, Lace, Lantern, Light, Lion, Magic, Mantle, Mist, Moth, Needle, Owl,
		Parade, Prince, Queen, Ribbon, River, Sail, Shadow, Silk, Skirt, Smoke, Song, Spark, Star, Storm, Sword, Thunder,
		Torch, Velvet, Wave, Whisper, Wing`)
}

func supplierNames() []string {
	return list(`Aldergate Nurseries, Bloem & Zonen, Casa Verde, Delta Young Plants, Evergreen Growers, Fjord Botanicals, Gärtnerei Holunder,
		Hillside Cacti, Isle of Ferns, Jardin Perdu, Kwekerij De Linde, Lowland Starts, Maison Palmier, Nordlys Greenhouses,
		Orto Botanico, Polder Plants, Quinta do Vale, Rainhouse Orchids, Sierra Succulents, Tulip & Thorn, Upland Herbs,
		Viveros del Sur, Waldrand, Xerica, Yew & Daughters, Zephyr Grasses`)
}

func searchTerms() []string {
	return list(`monstera, fern, pet safe, cactus, low light, basil, gift, orchid, hanging, big palm, snake plant, olive tree,
		string of pearls, easy, succulent mix, mint, bathroom plant, calathea, lemon tree, pink, bonsai, terrarium, repotting,
		variegated, lavender, aloe, ivy, peace lily, thyme, desk plant, watering can, zz plant, unkillable, mosquito, rubber tree`)
}

func teamNames() []string {
	return list(`Direction, Propagation, Glasshouse North, Glasshouse South, Potting Shed, Packing, Customer Care, Buying, Web & Data, Van Drivers`)
}

func titles() []string {
	return list(`Gardener, Senior Gardener, Propagator, Packer, Care Adviser, Buyer, Driver, Apprentice, Illustrator, Developer`)
}
