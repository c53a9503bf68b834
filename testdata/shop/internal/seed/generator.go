package seed

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// generator remembers of earlier tables what later ones refer to.
type generator struct {
	seed uint64
	size size

	leaves    []leaf
	products  []product
	popular   *rand.Zipf
	shuffle   []int // popularity rank → product
	customers []customer
	orders    []order
	reviews   []review
	employees int
}

// size is the number of rows wanted of the tables others depend on.
type size struct {
	suppliers, products, customers, events, newsletter, searches, employees int
}

type leaf struct {
	id int
	branch
}

type product struct {
	sku     string
	price   int64
	pots    []int16
	created time.Time
	quality float64 // what its reviews average to
}

type customer struct {
	addresses int
	created   time.Time
}

type order struct {
	customer int // id
	at       time.Time
	lines    []line
}

type line struct {
	product  int // index
	pot      int16
	quantity int16
	price    int64
}

type review struct {
	product, customer int
	at                time.Time
}

func newGenerator(o Options) *generator {
	linear := func(n float64) int { return max(3, int(n*o.Scale)) }
	slow := func(n float64, power float64) int { return max(3, int(n*math.Pow(o.Scale, power))) }
	g := &generator{seed: o.Seed, size: size{
		suppliers: slow(26, 0.3), products: slow(900, 0.6), customers: linear(8000), events: linear(24000),
		newsletter: linear(3000), searches: linear(2500), employees: slow(64, 0.3),
	}}
	r := g.stream("popularity")
	g.shuffle = r.Perm(g.size.products)
	g.popular = rand.NewZipf(r, 1.15, 12, uint64(g.size.products-1))
	return g
}

func (g *generator) tables() []table {
	public := func(name string, rows iter.Seq[[]any], columns ...string) table {
		return table{name: pgx.Identifier{"public", name}, columns: columns, rows: rows}
	}
	crm := func(name string, rows iter.Seq[[]any], columns ...string) table {
		return table{name: pgx.Identifier{"crm", name}, columns: columns, rows: rows}
	}
	return []table{
		public("countries", g.countryRows, "code", "name", "dial_code"),
		public("categories", g.categoryRows, "id", "parent_id", "slug", "name", "blurb", "position"),
		public("suppliers", g.supplierRows, "id", "name", "country_code", "email"),
		public("products", g.productRows, "id", "sku", "category_id", "name", "latin", "description", "price", "light",
			"pet_safe", "height_cm", "form", "picture_seed", "tags", "attributes", "discontinued", "created_at",
			"updated_at"),
		public("product_variants", g.variantRows, "product_id", "pot_cm", "price", "stock"),
		public("product_suppliers", g.sourcingRows, "product_id", "supplier_id", "lead_days"),
		public("teams", g.teamRows, "id", "name", "lead_id"),
		public("employees", g.employeeRows, "id", "team_id", "manager_id", "mentor_id", "name", "title", "email",
			"hired_on"),
		crm("customers", g.customerRows, "id", "referred_by", "advisor_id", "email", "first_name", "last_name",
			"phone", "birthday", "created_at"),
		crm("addresses", g.addressRows, "customer_id", "address_no", "kind", "street", "city", "postcode",
			"country_code"),
		crm("NewsletterSignups", g.newsletterRows, "Id", "Email", "customerId", "Signed Up"),
		public("orders", g.orderRows, "id", "number", "customer_id", "deliver_customer_id", "deliver_address_no",
			"packed_by",
			"status", "total", "note", "placed_at", "updated_at"),
		public("order_lines", g.lineRows, "order_id", "line_no", "product_sku", "product_id", "pot_cm", "quantity",
			"unit_price"),
		public("reviews", g.reviewRows, "id", "product_id", "customer_id", "moderated_by", "rating", "title", "body",
			"created_at"),
		public("attachments", g.attachmentRows, "id", "record_type", "record_id", "file_name", "content_type",
			"byte_size", "stored_as", "created_at"),
		public("events", g.eventRows, "id", "at", "kind", "product_id", "customer_id", "visit"),
		public("search_log", g.searchRows, "at", "term", "hits", "customer_id"),
	}
}

// anyProduct is the index of a product, few of them often. One in ten is
// never drawn: nobody has bought, reviewed or looked at it.
func (g *generator) anyProduct(r *rand.Rand) int {
	for {
		rank := int(g.popular.Uint64())
		if chance(r, 0.25) {
			rank = r.IntN(len(g.shuffle))
		}
		if rank*10 < len(g.shuffle)*9 {
			return g.shuffle[rank]
		}
	}
}

// season is how busy a month is, January first: spring, and gifts in December.
func season() []float64 {
	return []float64{0.55, 0.6, 1.1, 1.6, 1.7, 1.2, 0.8, 0.7, 0.85, 0.8, 0.9, 1.35}
}

// moment is a time in [from, until): busier lately, in season and in daylight.
func moment(r *rand.Rand, from time.Time) time.Time {
	span := until.Sub(from)
	weights := season()
	for {
		at := from.Add(time.Duration(math.Pow(r.Float64(), 0.7) * float64(span)))
		if r.Float64()*1.7 < weights[at.Month()-1] && (at.Hour() >= 7 || chance(r, 0.12)) {
			return at.Truncate(time.Second)
		}
	}
}
