package web

import (
	"context"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/shop/internal/plant"
)

// card is a product in a list.
type card struct {
	ID, Price     int64
	Name, Latin   string
	Form          string
	PictureSeed   int32
	PetSafe       bool
	Light         string
	Care          *string
	RatingAverage *float64
	Ratings       int64
}

func (f features) cards() string {
	return `SELECT p.id, p.price, p.name, p.latin, p.form, p.picture_seed, p.pet_safe, p.light::text AS light,
		` + f.care() + ` AS care, s.rating_average::float8 AS rating_average, coalesce(s.ratings, 0) AS ratings
		FROM products p LEFT JOIN product_stats s ON s.product_id = p.id `
}

type category struct {
	ID       int32
	ParentID *int32
	Slug     string
	Name     string
	Blurb    string
}

const topCategories = `SELECT id, parent_id, slug, name, blurb FROM categories WHERE parent_id IS NULL ORDER BY position`

type quote struct {
	ProductID     int64
	Product, Body string
	Who           *string
	Rating        int16
}

// home asks for its five parts at the same time.
func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitOf(r)
	var data struct {
		Announcement template.HTML
		Best, New    []card
		Categories   []category
		Quotes       []quote
	}
	group, ctx := errgroup.WithContext(r.Context())
	group.Go(func() (err error) {
		data.Best, err = many[card](ctx, s.db,
			v.features.cards()+`JOIN best_sellers b ON b.product_id = p.id ORDER BY b.units DESC, p.id LIMIT 8`)
		return err
	})
	group.Go(func() (err error) {
		data.New, err = many[card](ctx, s.db,
			v.features.cards()+`WHERE NOT p.discontinued ORDER BY p.created_at DESC, p.id LIMIT 4`)
		return err
	})
	group.Go(func() (err error) {
		data.Categories, err = many[category](ctx, s.db, topCategories)
		return err
	})
	group.Go(func() (err error) {
		data.Quotes, err = many[quote](ctx, s.db,
			`SELECT v.product_id, p.name AS product, v.body, c.full_name AS who, v.rating
			FROM reviews v JOIN products p ON p.id = v.product_id LEFT JOIN crm.customers c ON c.id = v.customer_id
			WHERE v.rating = 5 ORDER BY v.id DESC LIMIT 3`)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	var err error
	if data.Announcement, err = s.announcement(); err != nil {
		return err
	}
	return s.show(w, r, "home", "Plants from cuttings", data)
}

// pageSize is the number of plants on a page.
const pageSize = 24

// within is a category and everything below it; all categories for an empty slug.
const within = `WITH RECURSIVE within AS (
	SELECT id FROM categories WHERE slug = $1 OR $1 = ''
	UNION SELECT c.id FROM categories c JOIN within w ON c.parent_id = w.id) `

// order by is chosen from this list, never taken from the request.
func sorting(name string) string {
	switch name {
	case "price":
		return "p.price, p.id"
	case "new":
		return "p.created_at DESC, p.id"
	case "rating":
		return "s.rating_average DESC NULLS LAST, s.ratings DESC, p.id"
	default:
		return "s.units_sold DESC NULLS LAST, p.id"
	}
}

type listing struct {
	Here             *category
	Trail, Children  []category
	Cards            []card
	Total            int64
	Page, Last       int
	Sort, Care, Base string
}

func (s *site) plants(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitOf(r)
	slug := r.PathValue("slug")
	data := listing{Sort: r.FormValue("sort"), Base: r.URL.Path, Page: 1}
	if v.features.Care {
		data.Care = r.FormValue("care")
	}
	if err := s.locate(r.Context(), slug, &data); err != nil {
		return err
	}
	if n, err := strconv.Atoi(r.FormValue("page")); err == nil {
		data.Page = max(1, n)
	}
	where := `WHERE NOT p.discontinued AND p.category_id IN (SELECT id FROM within) AND ($2 = '' OR ` +
		v.features.care() + ` = $2) `
	err := s.db.QueryRow(r.Context(), within+`SELECT count(*) FROM products p `+where, slug,
		data.Care).Scan(&data.Total)
	if err != nil {
		return err
	}
	data.Last = max(1, int((data.Total+pageSize-1)/pageSize))
	data.Page = min(data.Page, data.Last)
	data.Cards,
		err = many[card](r.Context(), s.db,
		within+v.features.cards()+where+`ORDER BY `+sorting(data.Sort)+` LIMIT $3 OFFSET $4`,
		slug, data.Care, pageSize, (data.Page-1)*pageSize)
	if err != nil {
		return err
	}
	title := "All plants"
	if data.Here != nil {
		title = data.Here.Name
	}
	return s.show(w, r, "plants", title, data)
}

// locate finds the category, the way to it and what is right below it.
func (s *site) locate(ctx context.Context, slug string, data *listing) (err error) {
	if slug == "" {
		data.Children, err = many[category](ctx, s.db, topCategories)
		return err
	}
	here, err := one[category](ctx, s.db, `SELECT id, parent_id, slug, name, blurb FROM categories WHERE slug = $1`,
		slug)
	if err != nil {
		return err
	}
	data.Here = &here
	if data.Trail, err = s.trail(ctx, here.ID); err != nil {
		return err
	}
	data.Children, err = many[category](ctx, s.db, `SELECT id, parent_id, slug, name, blurb FROM categories
		WHERE parent_id = $1 ORDER BY position`, here.ID)
	return err
}

// trail is the way from the root to a category, which it includes.
func (s *site) trail(ctx context.Context, id int32) ([]category, error) {
	return many[category](ctx, s.db, `WITH RECURSIVE up AS (
		SELECT c.*, 0 AS depth FROM categories c WHERE c.id = $1
		UNION ALL SELECT c.*, up.depth + 1 FROM categories c JOIN up ON c.id = up.parent_id)
		SELECT id, parent_id, slug, name, blurb FROM up ORDER BY depth DESC`, id)
}

type detail struct {
	SKU, Description string
	CategoryID       int32
	HeightCm         int32
	Tags             []string
	Origin           *string
	Discontinued     bool
	Units, Views     int64
	Advice           *string
}

type variant struct {
	PotCm int16
	Price int64
	Stock int32
}

type opinion struct {
	ID          int64
	Rating      int16
	Title, Body string
	CreatedAt   time.Time
	CustomerID  *int64
	Who         *string
	Moderator   *string
	Attachments []file `db:"-"`
}

type file struct {
	ID                    int64
	RecordID              int64
	FileName, ContentType string
	ByteSize              int32
}

// bar is one line of the rating histogram.
type bar struct {
	Rating int16
	N      int64
}

type productPage struct {
	Card     card
	Detail   detail
	Trail    []category
	Variants []variant
	Growers  []grower
	Opinions []opinion
	Bars     []bar
	Files    []file
	Related  []card
	Wished   bool
	Wishes   int64
}

type grower struct {
	Name, Country string
	LeadDays      int16
}

func (s *site) product(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	data, err := s.readProduct(r, id)
	if err != nil {
		return err
	}
	s.sawProduct(r, id)
	return s.show(w, r, "product", data.Card.Name, data)
}

// sawProduct is what the worker counts. A page is worth more than its event,
// so a failure is only logged.
func (s *site) sawProduct(r *http.Request, id int64) {
	v, _ := visitOf(r)
	var who *int64
	if v.visitor != nil {
		who = &v.visitor.ID
	}
	_, err := s.db.Exec(r.Context(), `INSERT INTO events (kind, product_id, customer_id) VALUES ('view', $1, $2)`, id,
		who)
	if err != nil {
		s.o.Log.Warn("record view", "error", err)
	}
}

func (s *site) readProduct(r *http.Request, id int64) (data productPage, err error) {
	ctx := r.Context()
	v, _ := visitOf(r)
	if data.Card, err = one[card](ctx, s.db, v.features.cards()+`WHERE p.id = $1`, id); err != nil {
		return data, err
	}
	advice := `NULL::text`
	if v.features.Care {
		advice = `(SELECT c.advice FROM care_levels c WHERE c.id = p.care_level_id)`
	}
	data.Detail, err = one[detail](ctx, s.db,
		`SELECT p.sku, p.description, p.category_id, p.height_cm, p.tags, p.attributes->>'origin' AS origin,
		p.discontinued, coalesce(s.units_sold, 0) AS units, coalesce(s.views, 0) AS views, `+advice+` AS advice
		FROM products p LEFT JOIN product_stats s ON s.product_id = p.id WHERE p.id = $1`, id)
	if err != nil {
		return data, err
	}
	if data.Trail, err = s.trail(ctx, data.Detail.CategoryID); err != nil {
		return data, err
	}
	if data.Variants, err = many[variant](ctx, s.db,
		`SELECT pot_cm, price, stock FROM product_variants WHERE product_id = $1 ORDER BY pot_cm`, id); err != nil {
		return data, err
	}
	if data.Growers, err = many[grower](ctx, s.db,
		`SELECT s.name, c.name AS country, x.lead_days FROM product_suppliers x
		JOIN suppliers s ON s.id = x.supplier_id JOIN countries c ON c.code = s.country_code WHERE x.product_id = $1 ORDER BY x.lead_days`, id); err != nil {
		return data, err
	}
	if data.Related, err = many[card](ctx, s.db,
		v.features.cards()+`WHERE p.category_id = $1 AND p.id <> $2 AND NOT p.discontinued
		ORDER BY s.units_sold DESC NULLS LAST, p.id LIMIT 4`, data.Detail.CategoryID, id); err != nil {
		return data, err
	}
	return data, s.readOpinions(ctx, v, id, &data)
}

func (s *site) readOpinions(ctx context.Context, v visit, id int64, data *productPage) (err error) {
	data.Bars, err = many[bar](ctx, s.db,
		`SELECT star::smallint AS rating, count(v.id) AS n FROM generate_series(1, 5) star
		LEFT JOIN reviews v ON v.rating = star AND v.product_id = $1 GROUP BY star ORDER BY star DESC`, id)
	if err != nil {
		return err
	}
	data.Opinions, err = many[opinion](ctx, s.db,
		`SELECT v.id, v.rating, v.title, v.body, v.created_at, v.customer_id, c.full_name AS who,
		e.name AS moderator FROM reviews v LEFT JOIN crm.customers c ON c.id = v.customer_id
		LEFT JOIN employees e ON e.id = v.moderated_by WHERE v.product_id = $1 ORDER BY v.created_at DESC, v.id DESC LIMIT 30`, id)
	if err != nil {
		return err
	}
	if data.Files, err = s.files(ctx, "Product", []int64{id}); err != nil {
		return err
	}
	if err := s.attach(ctx, data.Opinions); err != nil || !v.features.Wishes || v.visitor == nil {
		return err
	}
	return s.db.QueryRow(ctx,
		`SELECT count(*), coalesce(bool_or(customer_id = $2), false) FROM wishlists WHERE product_id = $1`,
		id, v.visitor.ID).Scan(&data.Wishes, &data.Wished)
}

func (s *site) attach(ctx context.Context, opinions []opinion) error {
	index := map[int64]int{}
	var ids []int64
	for i, o := range opinions {
		index[o.ID] = i
		ids = append(ids, o.ID)
	}
	found, err := s.files(ctx, "Review", ids)
	for _, f := range found {
		at := index[f.RecordID]
		opinions[at].Attachments = append(opinions[at].Attachments, f)
	}
	return err
}

// files are the attachments of some records of one type.
func (s *site) files(ctx context.Context, kind string, ids []int64) ([]file, error) {
	return many[file](ctx, s.db, `SELECT id, record_id, file_name, content_type, byte_size FROM attachments
		WHERE record_type = $1 AND record_id = ANY ($2) ORDER BY id`, kind, ids)
}

// picture draws a plant; it never changes, so browsers keep it.
func picture(w http.ResponseWriter, r *http.Request) {
	seed, err := strconv.Atoi(r.PathValue("seed"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Write([]byte(plant.Draw(r.PathValue("form"), seed)))
}
