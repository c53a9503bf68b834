package seed

// kind is one common plant of a leaf category; cultivars of it are products.
type kind struct{ common, latin string }

// branch is a node of the category tree.
type branch struct {
	slug, name, blurb string
	form, light       string // of the plants sold here; empty when there are none
	price             int64  // of a typical plant in cents
	petSafe           bool
	kinds             []kind
	children          []branch
}

// tree is the whole category tree. Some branches have nothing for sale yet.
func tree() []branch {
	return []branch{houseplants(), desert(), flowering(), kitchen(), outdoors(), {
		slug: "terrariums", name: "Terrariums", blurb: "Small weather under glass. Opening in autumn.",
		children: []branch{{slug: "mosses", name: "Mosses", blurb: "Softer than they look, older than trees."}},
	}}
}

func houseplants() branch {
	return branch{
		slug: "houseplants", name: "Houseplants", blurb: "Company for every room, bright or not.",
		children: []branch{
			{slug: "foliage", name: "Big leaves", blurb: "Plants you notice from the street.", children: []branch{
				{
					slug: "monsteras", name: "Monsteras", blurb: "Holes are a feature.", form: "monstera",
					light: "bright",
					price: 3400,
					kinds: []kind{
						{"Swiss Cheese Plant", "Monstera deliciosa"},
						{"Window Leaf", "Monstera adansonii"},
						{"Shingle Plant", "Rhaphidophora tetrasperma"},
					},
				},
				{
					slug: "calatheas", name: "Prayer plants", blurb: "They fold their leaves at night.", form: "leafy",
					light: "half_shade", price: 2600, petSafe: true,
					kinds: []kind{
						{"Peacock Plant", "Goeppertia makoyana"},
						{"Rattlesnake Plant", "Goeppertia insignis"},
						{"Prayer Plant", "Maranta leuconeura"},
					},
				},
				{
					slug: "figs", name: "Rubber trees & figs", blurb: "Trees that agreed to live indoors.",
					form:  "tree",
					light: "bright", price: 4900,
					kinds: []kind{
						{"Rubber Tree", "Ficus elastica"},
						{"Fiddle-Leaf Fig", "Ficus lyrata"},
						{"Weeping Fig", "Ficus benjamina"},
					},
				},
			}},
			{
				slug: "ferns", name: "Ferns", blurb: "For bathrooms, north windows and patience.", form: "fern",
				light: "shade", price: 1700, petSafe: true,
				kinds: []kind{
					{"Boston Fern", "Nephrolepis exaltata"},
					{"Maidenhair Fern", "Adiantum raddianum"},
					{"Holly Fern", "Cyrtomium falcatum"},
					{"Button Fern", "Pellaea rotundifolia"},
				},
			},
			{
				slug: "palms", name: "Palms", blurb: "A holiday in the corner of the room.", form: "palm",
				light: "bright",
				price: 5600, petSafe: true,
				kinds: []kind{
					{"Parlour Palm", "Chamaedorea elegans"},
					{"Kentia Palm", "Howea forsteriana"},
					{"Areca Palm", "Dypsis lutescens"},
				},
			},
			{
				slug: "trailing", name: "Trailing & climbing", blurb: "Give them a shelf and step back.", form: "vine",
				light: "half_shade", price: 1500,
				kinds: []kind{
					{"Golden Pothos", "Epipremnum aureum"},
					{"Heartleaf", "Philodendron hederaceum"},
					{"English Ivy", "Hedera helix"},
					{"Wax Plant", "Hoya carnosa"},
				},
			},
			{
				slug: "snake-plants", name: "Snake plants", blurb: "Upright citizens. Nearly impossible to upset.",
				form: "snake", light: "shade", price: 2100,
				kinds: []kind{{"Snake Plant", "Dracaena trifasciata"}, {"African Spear", "Dracaena angolensis"}},
			},
		},
	}
}

func desert() branch {
	return branch{slug: "desert", name: "The dry shelf", blurb: "Sun, grit and very little water.", children: []branch{
		{
			slug: "cacti", name: "Cacti", blurb: "Slow, round, well defended.", form: "cactus", light: "full_sun",
			price: 1200, petSafe: true,
			kinds: []kind{
				{"Golden Barrel", "Kroenleinia grusonii"},
				{"Old Man Cactus", "Cephalocereus senilis"},
				{"Bunny Ears", "Opuntia microdasys"},
				{"Torch Cactus", "Cereus repandus"},
			},
		},
		{
			slug: "succulents", name: "Succulents", blurb: "Rosettes that store their own rain.", form: "succulent",
			light: "full_sun", price: 900, petSafe: true,
			kinds: []kind{
				{"Echeveria", "Echeveria elegans"},
				{"Houseleek", "Sempervivum tectorum"},
				{"Zebra Haworthia", "Haworthiopsis attenuata"},
				{"Aloe", "Aloe vera"},
			},
		},
	}}
}

func flowering() branch {
	return branch{slug: "flowering", name: "In flower", blurb: "Colour, most of the year.", children: []branch{
		{
			slug: "orchids", name: "Orchids", blurb: "Three months of flowers for one drink a week.", form: "orchid",
			light: "bright", price: 2900, petSafe: true,
			kinds: []kind{{"Moth Orchid", "Phalaenopsis amabilis"}, {"Slipper Orchid", "Paphiopedilum insigne"}},
		},
		{
			slug: "violets", name: "Violets & primroses", blurb: "Grandmother was right.", form: "flower",
			light: "bright", price: 1100, petSafe: true,
			kinds: []kind{
				{"African Violet", "Streptocarpus ionanthus"},
				{"Cape Primrose", "Streptocarpus rexii"},
				{"Begonia", "Begonia rex"},
			},
		},
		{
			slug: "lilies", name: "Peace lilies", blurb: "They tell you when they are thirsty. Dramatically.",
			form: "lily", light: "half_shade", price: 2300,
			kinds: []kind{{"Peace Lily", "Spathiphyllum wallisii"}, {"Flamingo Flower", "Anthurium andraeanum"}},
		},
	}}
}

func kitchen() branch {
	return branch{slug: "kitchen", name: "Kitchen garden", blurb: "Within reach of the pan.", children: []branch{
		{
			slug: "herbs", name: "Herbs", blurb: "Pinch often.", form: "herb", light: "full_sun", price: 600,
			petSafe: true,
			kinds: []kind{
				{"Basil", "Ocimum basilicum"},
				{"Thyme", "Thymus vulgaris"},
				{"Mint", "Mentha spicata"},
				{"Rosemary", "Salvia rosmarinus"},
				{"Sage", "Salvia officinalis"},
			},
		},
		{
			slug: "citrus", name: "Lemons & olives", blurb: "The south, in a pot.", form: "citrus", light: "full_sun",
			price: 6400,
			kinds: []kind{
				{"Lemon Tree", "Citrus × limon"},
				{"Calamondin", "Citrus × microcarpa"},
				{"Olive Tree", "Olea europaea"},
			},
		},
		{slug: "seeds", name: "Seeds", blurb: "Back when the mice have been spoken to."},
	}}
}

func outdoors() branch {
	return branch{
		slug: "outdoors", name: "Out of doors", blurb: "For balconies, steps and window boxes.",
		children: []branch{
			{
				slug: "grasses", name: "Grasses", blurb: "The wind included.", form: "grass", light: "full_sun",
				price: 1300, petSafe: true,
				kinds: []kind{
					{"Feather Grass", "Nassella tenuissima"},
					{"Fountain Grass", "Cenchrus alopecuroides"},
					{"Blue Fescue", "Festuca glauca"},
				},
			},
			{
				slug: "balcony", name: "Balcony flowers", blurb: "From May to the first frost.", form: "flower",
				light: "full_sun", price: 800,
				kinds: []kind{
					{"Pelargonium", "Pelargonium zonale"},
					{"Daisy", "Argyranthemum frutescens"},
					{"Lavender", "Lavandula angustifolia"},
				},
			},
		},
	}
}
