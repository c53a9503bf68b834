package provision

import "testing"

func TestCopies_NamesAFewOfWhatIsLeftOut(t *testing.T) {
	for want, names := range map[string][]string{
		"": nil,
		"not in the copy of the checkout: run/ctl (named pipes, sockets and devices cannot be copied)":            {"run/\nctl"},
		"not in the copy of the checkout: a, b, c and 2 more (named pipes, sockets and devices cannot be copied)": {"a", "b", "c", "d", "e"},
	} {
		got := ""
		c := &copies{shape: new(shape)}
		c.observe = func(e Event) { got += e.Text }
		c.tellLeftOut(names)
		if got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
