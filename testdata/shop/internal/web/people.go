package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

type customerRow struct {
	ID       int64
	FullName string
	City     *string
	Orders   int64
	Spent    int64
}

// customerRows counts orders only of the customers it shows.
const customerRows = `SELECT c.id, c.full_name,
	(SELECT a.city FROM crm.addresses a WHERE a.customer_id = c.id ORDER BY a.address_no LIMIT 1) AS city, o.orders, o.spent
	FROM (SELECT id, full_name FROM crm.customers
		WHERE $1 = '' OR full_name ILIKE '%' || $1 || '%' OR email ILIKE $1 || '%' ORDER BY id LIMIT $2) c
	CROSS JOIN LATERAL (SELECT count(*) AS orders, coalesce(sum(total), 0)::bigint AS spent
		FROM orders WHERE customer_id = c.id) o
	ORDER BY c.id`

func (s *site) customers(w http.ResponseWriter, r *http.Request) error {
	rows, err := many[customerRow](r.Context(), s.db, customerRows, likeable(r.FormValue("q")), 60)
	if err != nil {
		return err
	}
	return s.show(w, r, "customers", "Customers", rows)
}

// likeable makes LIKE take the visitor's text literally.
func likeable(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(text))
}

type person struct {
	ID         int64
	FullName   string
	Email      string
	Phone      *string
	CreatedAt  time.Time
	ReferrerID *int64
	Referrer   *string
	Advisor    *string
	Referred   int64
}

type address struct {
	Kind, Street, Postcode, City, Country string
}

type orderRow struct {
	ID, Number, CustomerID int64
	Customer, Status       string
	Total                  int64
	PlacedAt               time.Time
	Items                  int64
}

const orderRows = `SELECT id, number, customer_id, customer, status::text AS status, total, placed_at, items FROM order_summaries `

type customerPage struct {
	Person    person
	Addresses []address
	Orders    []orderRow
	Opinions  []written
	Wishes    []card
}

type written struct {
	ProductID      int64
	Product, Title string
	Rating         int16
}

func (s *site) customer(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	var data customerPage
	ctx := r.Context()
	data.Person, err = one[person](ctx, s.db,
		`SELECT c.id, c.full_name, c.email, c.phone, c.created_at, c.referred_by AS referrer_id,
		f.full_name AS referrer, e.name AS advisor, (SELECT count(*) FROM crm.customers x WHERE x.referred_by = c.id) AS referred
		FROM crm.customers c LEFT JOIN crm.customers f ON f.id = c.referred_by LEFT JOIN employees e ON e.id = c.advisor_id WHERE c.id = $1`, id)
	if err != nil {
		return err
	}
	data.Addresses, err = many[address](ctx, s.db,
		`SELECT a.kind::text AS kind, a.street, a.postcode, a.city, c.name AS country
		FROM crm.addresses a JOIN countries c ON c.code = a.country_code WHERE a.customer_id = $1 ORDER BY a.address_no`, id)
	if err != nil {
		return err
	}
	if data.Orders, err = many[orderRow](ctx, s.db,
		orderRows+`WHERE customer_id = $1 ORDER BY placed_at DESC, id DESC LIMIT 100`, id); err != nil {
		return err
	}
	data.Opinions, err = many[written](ctx, s.db,
		`SELECT v.product_id, p.name AS product, v.title, v.rating FROM reviews v
		JOIN products p ON p.id = v.product_id WHERE v.customer_id = $1 ORDER BY v.created_at DESC LIMIT 12`, id)
	if err != nil {
		return err
	}
	if v, _ := visitOf(r); v.features.Wishes {
		data.Wishes, err = many[card](ctx, s.db, v.features.cards()+`JOIN wishlists w ON w.product_id = p.id
			WHERE w.customer_id = $1 ORDER BY w.added_at DESC, p.id LIMIT 12`, id)
		if err != nil {
			return err
		}
	}
	return s.show(w, r, "customer", data.Person.FullName, data)
}

func (s *site) orders(w http.ResponseWriter, r *http.Request) error {
	rows, err := many[orderRow](r.Context(), s.db, orderRows+`ORDER BY placed_at DESC, id DESC LIMIT 60`)
	if err != nil {
		return err
	}
	return s.show(w, r, "orders", "Orders", rows)
}

type orderLine struct {
	LineNo, Quantity     int16
	ProductID            int64
	SKU, Name, Form      string
	PictureSeed          int32
	PotCm                *int16
	UnitPrice, LineTotal int64
}

type delivery struct {
	Note, PackedBy, Street, Postcode, City, Country *string
}

type orderPage struct {
	Order    orderRow
	Delivery delivery
	Lines    []orderLine
	Files    []file
	Steps    []step
}

// step is a stage of an order's way, done or not.
type step struct {
	Name string
	Done bool
}

func (s *site) order(w http.ResponseWriter, r *http.Request) error {
	n, err := number(r, "number")
	if err != nil {
		return err
	}
	var data orderPage
	ctx := r.Context()
	if data.Order, err = one[orderRow](ctx, s.db, orderRows+`WHERE number = $1`, n); err != nil {
		return err
	}
	data.Delivery, err = one[delivery](ctx, s.db,
		`SELECT o.note, e.name AS packed_by, a.street, a.postcode, a.city, c.name AS country
		FROM orders o LEFT JOIN employees e ON e.id = o.packed_by
		LEFT JOIN crm.addresses a ON (a.customer_id, a.address_no) = (o.deliver_customer_id, o.deliver_address_no)
		LEFT JOIN countries c ON c.code = a.country_code WHERE o.id = $1`, data.Order.ID)
	if err != nil {
		return err
	}
	data.Lines, err = many[orderLine](ctx, s.db,
		`SELECT l.line_no, l.quantity, p.id AS product_id, p.sku, p.name, p.form, p.picture_seed,
		l.pot_cm, l.unit_price, l.line_total FROM order_lines l JOIN products p ON p.sku = l.product_sku WHERE l.order_id = $1 ORDER BY l.line_no`, data.Order.ID)
	if err != nil {
		return err
	}
	if data.Files, err = s.files(ctx, "Order", []int64{data.Order.ID}); err != nil {
		return err
	}
	data.Steps = steps(data.Order.Status)
	return s.show(w, r, "order", "Order", data)
}

func steps(status string) []step {
	names := []string{"placed", "paid", "packed", "sent", "delivered"}
	if status == "returned" {
		names = append(names, status)
	}
	done, out := true, []step(nil)
	for _, name := range names {
		out = append(out, step{Name: name, Done: done})
		done = done && name != status
	}
	return out
}

// results are what a search finds of each kind.
type results struct {
	Cards     []card
	Customers []customerRow
	Orders    []orderRow
}

func (s *site) search(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitOf(r)
	text := strings.TrimSpace(r.FormValue("q"))
	if text == "" || len(text) > 200 {
		return s.show(w, r, "search", "Search", results{})
	}
	var data results
	var err error
	ctx := r.Context()
	data.Cards, err = many[card](ctx, s.db, v.features.cards()+`WHERE p.search @@ websearch_to_tsquery('english', $1)
		OR p.name ILIKE '%' || $2 || '%' OR p.sku = upper($1)
		ORDER BY ts_rank(p.search, websearch_to_tsquery('english', $1)) DESC, s.units_sold DESC NULLS LAST, p.id LIMIT 24`, text, likeable(text))
	if err != nil {
		return err
	}
	if data.Customers, err = many[customerRow](ctx, s.db, customerRows, likeable(text), 8); err != nil {
		return err
	}
	if n, notNumber := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); notNumber == nil {
		if data.Orders, err = many[orderRow](ctx, s.db, orderRows+`WHERE number = $1`, n); err != nil {
			return err
		}
	}
	_, err = s.db.Exec(ctx, `INSERT INTO search_log (term, hits) VALUES ($1, $2)`, text, len(data.Cards))
	if err != nil {
		s.o.Log.Warn("record search", "error", err)
	}
	return s.show(w, r, "search", "Search", data)
}

type employee struct {
	ID                int32
	Depth             int32
	Name, Title, Team string
	Mentor            *string
	Leads             bool
	HiredOn           time.Time
}

func (s *site) team(w http.ResponseWriter, r *http.Request) error {
	rows, err := many[employee](r.Context(), s.db, `WITH RECURSIVE tree AS (
		SELECT e.*, 0 AS depth, ARRAY[e.id] AS way FROM employees e WHERE e.manager_id IS NULL
		UNION ALL SELECT e.*, t.depth + 1, t.way || e.id FROM employees e JOIN tree t ON e.manager_id = t.id WHERE e.id <> ALL (t.way))
		SELECT t.id, t.depth, t.name, t.title, x.name AS team, m.name AS mentor, coalesce(x.lead_id = t.id, false) AS leads, t.hired_on
		FROM tree t JOIN teams x ON x.id = t.team_id LEFT JOIN employees m ON m.id = t.mentor_id ORDER BY t.way`)
	if err != nil {
		return err
	}
	return s.show(w, r, "team", "The people", rows)
}
