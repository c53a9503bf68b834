package store

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
)

func TestWrite_TakesPlaceOnlyWhereNothingChanged(t *testing.T) {
	_, s := newBucket(t)
	at := Location{Bucket: "archives", Key: "certificates/a"}
	if _, _, err := s.Read(t.Context(), at); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	write := func(content string, seen Tag) error { return s.Write(t.Context(), at, []byte(content), seen) }
	if err := errors.Join(write("one", Nothing), write("two", Anything)); err != nil {
		t.Fatal(err)
	}
	content, tag, err := s.Read(t.Context(), at)
	if err != nil || string(content) != "two" || tag == "" {
		t.Fatalf("%q, %q, %v", content, tag, err)
	}
	if err := write("three", Nothing); !errors.Is(err, ErrChanged) {
		t.Errorf("something is there: %v", err)
	}
	if err := write("three", tag); err != nil {
		t.Error(err)
	}
	if err := write("four", tag); !errors.Is(err, ErrChanged) {
		t.Errorf("it is another: %v", err)
	}
	if err := errors.Join(s.Remove(t.Context(), at), s.Remove(t.Context(), at)); err != nil {
		t.Error(err)
	}
	if err := write("five", tag); !errors.Is(err, ErrChanged) {
		t.Errorf("it is gone: %v", err)
	}
}

func TestWrite_ToAServerWithoutConditionsTakesPlace(t *testing.T) {
	b, s := newBucket(t)
	at := Location{Bucket: "archives", Key: "a"}
	b.fault = func(call string, count int) fault {
		if call == http.MethodPut && count == 1 {
			return unknown
		}
		return none
	}
	if err := s.Write(t.Context(), at, []byte("one"), Nothing); err != nil {
		t.Fatal(err)
	}
	if got, _ := b.holds("a"); string(got) != "one" {
		t.Errorf("%q", got)
	}
}

func TestRead_LeavesWhatIsTooLarge(t *testing.T) {
	b, s := newBucket(t)
	b.objects["a"] = object{body: []byte(strings.Repeat("x", mostSmall+1))}
	if _, _, err := s.Read(t.Context(), Location{Bucket: "archives", Key: "a"}); err == nil ||
		!strings.Contains(err.Error(), "larger than") {
		t.Errorf("%v", err)
	}
}
