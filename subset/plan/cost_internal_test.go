package plan

import (
	"testing"

	"github.com/offshoot-dev/offshoot/subset/catalog"
)

// shelves is a table of lines, of orders and of products, by either key.
func shelves(t *testing.T, orderCorrelation float64) (lines *TablePlan, byOrder, byProduct *catalog.ForeignKey) {
	m := imagine()
	m.table("orders", 2_000_000)
	m.table("products", 50_000)
	m.table("lines", 6_000_000)
	byOrder = m.key("lines", "orders", 2_000_000, 0)
	byProduct = m.key("lines", "products", 50_000, 0)
	column := byOrder.ChildColumns[0]
	s := byOrder.ChildHeaps[0].Statistics[column]
	s.Correlation = orderCorrelation
	byOrder.ChildHeaps[0].Statistics[column] = s
	return planned(m.plan(t, nil), "lines"), byOrder, byProduct
}

// The lines of an order lie in a block, those of a product anywhere: what is
// drawn by orders is found for a third of the cost.
func TestWeight_PrefersChildrenThatLieTogether(t *testing.T) {
	const orders, products, want = 16_000, 400, 100_000
	lines, byOrder, byProduct := shelves(t, 1)
	if o, p := lines.Weight(byOrder, orders, 0.008, want), lines.Weight(byProduct, products, 0.008, want); o > p/2 {
		t.Errorf("by orders that lie together %v, by products %v", o, p)
	}
	lines, byOrder, byProduct = shelves(t, 0)
	if o, p := lines.Weight(byOrder, orders, 0.008, want), lines.Weight(byProduct, products, 0.008, want); o < p {
		t.Errorf("by orders that lie apart %v, by products %v", o, p)
	}
}

// By a key with more children than can be asked for, most rows that are free
// are missed.
func TestWeight_CountsWhatCannotBeAskedFor(t *testing.T) {
	lines, byOrder, byProduct := shelves(t, 1)
	if o, p := lines.Weight(byOrder, 500_000, 0.25, 5_000), lines.Weight(byProduct, 50, 0.001, 5_000); o < p {
		t.Errorf("by a quarter of the orders %v, by a few products %v", o, p)
	}
}

func TestSearch_OfManyParentsReadsBlocks(t *testing.T) {
	lines, byOrder, byProduct := shelves(t, 0)
	if got := lines.Search(byOrder, 16_000, 0.008, 100_000); !got.ByIndex {
		t.Errorf("few children: %+v", got)
	}
	if got := lines.Search(byProduct, 25_000, 0.5, 1_000); got.ByIndex {
		t.Errorf("half of the table are children: %+v", got)
	}
	byProduct.Indexed = false
	if got := lines.Search(byProduct, 1, 0.00002, 100_000); got.ByIndex {
		t.Errorf("without an index: %+v", got)
	}
}

func TestOver_CountsRowsOfACrowdForMore(t *testing.T) {
	for _, c := range []struct{ rows, more, target, over, price float64 }{
		{10, 20, 50, 0, RoomCost},
		{40, 20, 50, 10, RoomCost},
		{50, 20, 50, 20, 1},
		{140, 20, 50, 20 + 4*10, 1}, // ten of them are more than three times the target
		{150, 20, 50, 5 * 20, 5},
		{60, 30, 10, 30, 1}, // a lookup of a few rows is there as a whole soon
	} {
		if over := Over(c.rows, c.more, c.target); over != c.over {
			t.Errorf("%v more than %v count %v, want %v", c.more, c.rows, over, c.over)
		}
		if price := Price(c.rows, c.target); price != c.price {
			t.Errorf("one more than %v costs %v, want %v", c.rows, price, c.price)
		}
	}
}
