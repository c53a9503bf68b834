package plant_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"example.com/shop/internal/plant"
)

func TestDraw_IsWellFormedForEveryForm(t *testing.T) {
	for _, form := range plant.Forms() {
		for seed := range 10 {
			decoder := xml.NewDecoder(strings.NewReader(plant.Draw(form, seed)))
			for {
				_, err := decoder.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s %d: %v", form, seed, err)
				}
			}
		}
	}
}

func TestDraw_SameSeedSamePicture(t *testing.T) {
	for _, form := range plant.Forms() {
		first, again, other := plant.Draw(form, 5), plant.Draw(form, 5), plant.Draw(form, 6)
		if first != again {
			t.Errorf("%s differs between two drawings", form)
		}
		if first == other {
			t.Errorf("%s is the same for two seeds", form)
		}
	}
}

func TestDraw_HasNoBrokenNumbersAndNothingOfItsInput(t *testing.T) {
	for _, form := range append(plant.Forms(), `<script>alert(1)</script>`) {
		picture := plant.Draw(form, -7)
		for _, bad := range []string{"NaN", "Inf", "%!", "script"} {
			if strings.Contains(picture, bad) {
				t.Errorf("%s contains %q", form, bad)
			}
		}
	}
}

func TestForms_AreManyAndDifferent(t *testing.T) {
	seen := map[string]string{}
	for _, form := range plant.Forms() {
		picture := plant.Draw(form, 1)
		if other, ok := seen[picture]; ok {
			t.Errorf("%s looks like %s", form, other)
		}
		seen[picture] = form
	}
	if len(seen) < 12 {
		t.Errorf("%d forms, want at least 12", len(seen))
	}
}
