package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"example.com/shop/internal/plant"
)

// maxUpload is the largest picture a reviewer may add, in bytes.
const maxUpload = 5 << 20

const (
	errNobody   = refusal("There is no customer to shop as yet.")
	errTooLarge = refusal("The picture must be smaller than 5 MB.")
)

// acting is the product of the path and the customer who does something to it.
func acting(r *http.Request) (product, customer int64, err error) {
	product, err = number(r, "id")
	if err != nil {
		return 0, 0, err
	}
	v, _ := visitOf(r)
	if v.visitor == nil {
		return 0, 0, errNobody
	}
	return product, v.visitor.ID, nil
}

func (s *site) become(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	http.SetCookie(w,
		&http.Cookie{
			Name: "customer", Value: strconv.FormatInt(id, 10), Path: "/", HttpOnly: true,
			SameSite: http.SameSiteLaxMode,
		})
	http.Redirect(w, r, fmt.Sprintf("/customers/%d", id), http.StatusSeeOther)
	return nil
}

// placeOrder takes the price from the database and lets the trigger add up.
func (s *site) placeOrder(w http.ResponseWriter, r *http.Request) error {
	product, customer, err := acting(r)
	if err != nil {
		return err
	}
	pot, potErr := strconv.ParseInt(r.FormValue("pot"), 10, 16)
	quantity, quantityErr := strconv.ParseInt(r.FormValue("quantity"), 10, 16)
	if errors.Join(potErr, quantityErr) != nil || quantity < 1 || quantity > 50 {
		return refusal("Please choose a pot and between 1 and 50 plants.")
	}
	var number int64
	err = pgx.BeginFunc(r.Context(), s.db, func(tx pgx.Tx) error {
		number, err = order(r, tx, product, customer, pot, quantity)
		return err
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/orders/%d", number), http.StatusSeeOther)
	return nil
}

func order(r *http.Request, tx pgx.Tx, product, customer, pot, quantity int64) (number int64, err error) {
	ctx := r.Context()
	tag, err := tx.Exec(ctx,
		`UPDATE product_variants SET stock = stock - $3 WHERE product_id = $1 AND pot_cm = $2 AND stock >= $3
		AND NOT (SELECT discontinued FROM products WHERE id = $1)`, product, pot, quantity)
	if err != nil {
		return 0, err
	}
	if tag.RowsAffected() == 0 {
		return 0, refusal("We do not have that many in this pot.")
	}
	var id int64
	err = tx.QueryRow(ctx, `INSERT INTO orders (customer_id, deliver_customer_id, deliver_address_no)
		SELECT c.id, a.customer_id, a.address_no FROM crm.customers c LEFT JOIN crm.addresses a ON a.customer_id = c.id
		WHERE c.id = $1 ORDER BY a.address_no LIMIT 1 RETURNING id, number`, customer).Scan(&id, &number)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx,
		`INSERT INTO order_lines (order_id, line_no, product_sku, product_id, pot_cm, quantity, unit_price)
		SELECT $1, 1, p.sku, p.id, v.pot_cm, $4, v.price FROM product_variants v JOIN products p ON p.id = v.product_id
		WHERE v.product_id = $2 AND v.pot_cm = $3`, id, product, pot, quantity)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO events (kind, product_id, customer_id) VALUES ('order', $1, $2)`, product,
		customer)
	return number, err
}

func (s *site) addReview(w http.ResponseWriter, r *http.Request) error {
	product, customer, err := acting(r)
	if err != nil {
		return err
	}
	if err := r.ParseMultipartForm(maxUpload); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return errTooLarge
	}
	rating, err := strconv.Atoi(r.FormValue("rating"))
	title, body := strings.TrimSpace(r.FormValue("title")), strings.TrimSpace(r.FormValue("body"))
	if err != nil || rating < 1 || rating > 5 || !between(title, 1, 120) || !between(body, 1, 4000) {
		return refusal("A review needs one to five stars, a title and a few words.")
	}
	photo, err := readPhoto(r)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(r.Context(), s.db, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(r.Context(), `INSERT INTO reviews (product_id, customer_id, rating, title, body)
			VALUES ($1, $2, $3, $4, $5) RETURNING id`, product, customer, rating, title, body).Scan(&id)
		if err != nil || photo == nil {
			return err
		}
		return s.keepPhoto(r, tx, id, *photo)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/products/%d#reviews", product), http.StatusSeeOther)
	return nil
}

// between counts letters; text that is not UTF-8 or holds a NUL has no length
// that PostgreSQL would accept.
func between(text string, low, high int) bool {
	n := utf8.RuneCountInString(text)
	return utf8.ValidString(text) && !strings.Contains(text, "\x00") && n >= low && n <= high
}

type photo struct {
	name, mime, ending string
	bytes              []byte
}

// readPhoto believes the bytes, not the browser, about what they are.
func readPhoto(r *http.Request) (*photo, error) {
	part, header, err := r.FormFile("photo")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer part.Close()
	if header.Size > maxUpload {
		return nil, errTooLarge
	}
	data, err := io.ReadAll(part)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	mime := http.DetectContentType(data)
	ending, ok := map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}[mime]
	name := path.Base(header.Filename)
	if !ok || !between(name, 1, 120) {
		return nil, refusal("A picture must be a PNG, JPEG or WebP file.")
	}
	return &photo{name: name, mime: mime, ending: ending, bytes: data}, nil
}

func (s *site) keepPhoto(r *http.Request, tx pgx.Tx, review int64, p photo) error {
	stored := fmt.Sprintf("reviews/%d%s", review, p.ending)
	root, err := s.uploads()
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.WriteFile(stored, p.bytes, 0o644); err != nil {
		return err
	}
	_, err = tx.Exec(r.Context(),
		`INSERT INTO attachments (record_type, record_id, file_name, content_type, byte_size, stored_as)
		VALUES ('Review', $1, $2, $3, $4, $5)`, review, p.name, p.mime, len(p.bytes), stored)
	return err
}

func (s *site) toggleWish(w http.ResponseWriter, r *http.Request) error {
	product, customer, err := acting(r)
	if err != nil {
		return err
	}
	if v, _ := visitOf(r); !v.features.Wishes {
		return errMissing
	}
	_, err = s.db.Exec(r.Context(),
		`WITH gone AS (DELETE FROM wishlists WHERE customer_id = $1 AND product_id = $2 RETURNING 1)
		INSERT INTO wishlists (customer_id, product_id) SELECT $1, p.id FROM products p WHERE p.id = $2 AND NOT EXISTS (SELECT FROM gone)`, customer, product)
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/products/%d", product), http.StatusSeeOther)
	return nil
}

type stored struct {
	FileName, ContentType string
	StoredAs              *string
	CreatedAt             time.Time
	Form                  *string // of the plant reviewed
}

// attachment sends an uploaded picture. The made-up ones have no bytes: their
// pictures are drawn and their papers say so.
func (s *site) attachment(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	f, err := one[stored](r.Context(), s.db, `SELECT a.file_name, a.content_type, a.stored_as, a.created_at, p.form
		FROM attachments a LEFT JOIN reviews v ON a.record_type = 'Review' AND v.id = a.record_id
		LEFT JOIN products p ON p.id = v.product_id WHERE a.id = $1`, id)
	if err != nil {
		return err
	}
	if f.StoredAs != nil {
		return s.sendUpload(w, r, f)
	}
	if f.ContentType == "image/svg+xml" && f.Form != nil {
		w.Header().Set("Content-Type", f.ContentType)
		_, err = io.WriteString(w, plant.Draw(*f.Form, int(id)))
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = fmt.Fprintf(w, "%s\n\nThis paper stayed in production; only its entry came along.\n", f.FileName)
	return err
}

func (s *site) sendUpload(w http.ResponseWriter, r *http.Request, f stored) error {
	root, err := s.uploads()
	if err != nil {
		return err
	}
	defer root.Close()
	data, err := root.ReadFile(*f.StoredAs)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", f.ContentType)
	http.ServeContent(w, r, "", f.CreatedAt, bytes.NewReader(data))
	return nil
}
