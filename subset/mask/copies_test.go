package mask

import (
	"strings"
	"testing"
)

func TestRelation_SaysHowAValueLeadsToAnother(t *testing.T) {
	for _, c := range []struct {
		of, value string
		class     class
		want      relation
	}{
		{"ann.lee@corp.test", "ann.lee@corp.test", text, same},
		{"Ann Lee", "ANN LEE", text, folded},
		{"Ann Lee", "ann-lee", text, folded},
		{"Ann Lee", "lee, ann", text, wordsOf},
		{"ann.lee@corp.test", "ann.lee", text, part},
		{"ann.lee@corp.test", "tset.proc@eel.nna", text, backwards},
		{"sales@halden.test", "Halden", text, unrelated},
		{"ann", "C1B4B8D5A2B1", text, unrelated},
		{"x", "9dd4e461268c8034f5c8564e155c67a6", text, digest},
		{"X", `\x9DD4E461268C8034F5C8564E155C67A6`, bytea, digest},
		{"1980-05-06", "[1980-05-06,1980-05-07)", other, holds},
		{"user12345@corp.test", "12345", integer, unrelated},
		{"1234", "991234", integer, unrelated},
		{"F", "F", enum, same},
		{"Lee", "Leeds is a town", text, unrelated},
		{"Jo", "jo", text, unrelated},
		{"Joe", "joe", text, folded},
		{"Ann Lee", "md4US8HiuY4g97y3Xr8mgJGiS2s=", text, digest}, // SHA-1 in base64
	} {
		o := newOriginal("c", []*string{&c.of})
		if got := o.texts[0].relation(newShown(c.value, c.class)); got != c.want {
			t.Errorf("%q and %q: %s, wanted %s", c.of, c.value, got, c.want)
		}
	}
}

func TestWordsIn_AreOfTwoLettersAtLeast(t *testing.T) {
	if got := strings.Join(wordsIn("J. Dóe-van 7 Å 42, and Co"), " "); got != "doe van 42 and co" {
		t.Errorf("%q", got)
	}
}

// Columns with few values are the same in many rows without being copies.
func TestLikeness_IsNoneByChance(t *testing.T) {
	column := func(values ...string) (list []*string) {
		for _, v := range values {
			list = append(list, &v)
		}
		return list
	}
	closestOf := closest
	closest := func(o original, values []*string) likeness { return closestOf([]original{o}, values, text) }
	genders := newOriginal("gender", column("F", "M", "F", "M", "F", "M"))
	if got := closest(genders, column("F", "M", "F", "M", "F", "M")); got.share > 0 {
		t.Errorf("%+v", got)
	}
	notes := newOriginal("note", column("all is open", "still open", "now open", "open again", "done", "open"))
	if got := closest(notes, column("open", "open", "open", "open", "done", "open")); got.share > 0 {
		t.Errorf("%+v", got)
	}
	names := newOriginal("name", column("Anna", "Bert", "Carl", "Dora"))
	spelled := newOriginal("spelled", column("ANNA", "BERT", "CARL", "DORA"))
	copied := column("Anna", "Bert", "Carl", "Dora")
	for _, originals := range [][]original{{names, spelled}, {spelled, names}} {
		if got := closestOf(originals, copied, text); got.of != "name" || got.how != same {
			t.Errorf("of two originals it is a copy of %+v", got)
		}
	}
	if got := closest(names, column("anna", "bert", "carl", "dora")); got.share != 1 || got.how != folded {
		t.Errorf("%+v", got)
	}
}

func TestClassify_LooksIntoHstoreAndXML(t *testing.T) {
	c := NewClassifier()
	for typname, value := range map[string]string{
		"hstore": `"k"=>"jane@corp.test-corp.com"`, "xml": "<p><m>jane@corp.test-corp.com</m></p>",
		"jsonb": `{"jane@corp.test-corp.com": 1}`,
	} {
		f, ok := c.Classify(Look{Table: "public.t", Name: "v", Type: typname, Samples: []string{value, value, value}})
		if want := map[string]string{"hstore": "hstore", "xml": "xml", "jsonb": "json"}[typname]; !ok || f.As != want {
			t.Errorf("%s: %+v", typname, f)
		}
	}
}
