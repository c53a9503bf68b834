package mask

import "testing"

func TestClassify_ValuesWinOverNamesThatSayNothing(t *testing.T) {
	c := NewClassifier()
	for as, samples := range map[string][]string{
		"email":  {"ann@corp.test", "bob@corp.test", "eve@corp.test"},
		"phone":  {"+49 171 5550199", "+1 202 555 0143", "(030) 901820-1"},
		"iban":   {"DE89370400440532013000", "GB82WEST12345698765432", "NL91ABNA0417164300"},
		"card":   {"4111111111111111", "5500000000000004", "340000000000009"},
		"ip":     {"203.0.113.9", "198.51.100.7", "192.0.2.1"},
		"mac":    {"08:00:2b:01:02:03", "08:00:2b:01:02:04", "08:00:2b:01:02:05"},
		"hash":   {"$2a$10$abcdefghijklmnopqrstuv", "$2b$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=1"},
		"street": {"Hauptstraße 12", "12 Mill Lane", "Calle Mayor 3"},
		"text":   {"123-45-6789", "987-65-4321", "123.456.789-09"},
		"name":   {"Mary Johnson", "James Smith", "Linda Brown"},
		"scrub": {
			"please answer ann@corp.test soon", "bob@corp.test did not get the parcel",
			"a mail to eve@corp.test came back",
		},
	} {
		if f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: samples}); !ok || f.As != as {
			t.Errorf("%s: %+v", as, f)
		}
		few := append([]string{"a", "b", "c", "d"}, samples[:1]...)
		if f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: few}); !ok || f.As != as {
			t.Errorf("a fifth of %s: %+v", as, f)
		}
		if f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: append(few, "e")}); ok {
			t.Errorf("less than a fifth of %s is enough for %+v", as, f)
		}
	}
	for _, harmless := range [][]string{
		{"red", "green", "blue"},
		{"2024-05-06", "2024-05-07", "2024-05-08"},
		{"10.5", "11.25", "9.75"},
		{"SKU-1001", "SKU-1002", "SKU-1003"},
		{"", " ", ""},
		{"Will", "Low", "High"},
		{"Paris"},
		{"May", "June", "July", "August", "September"},
		{"user1@example.com is an address", "user2@example.com is one too", "and so is user3@example.org"},
		{"978-3-16-148410-0", "red", "green"},
		{"4006381333931", "4006381333948", "4006381333955"},
		{"1700000000000", "1700000001000", "1700000002000"},
	} {
		if f, ok := c.Classify(Look{Table: "public.t", Name: "c1", Type: "text", Samples: harmless}); ok {
			t.Errorf("%v: %+v", harmless, f)
		}
	}
}
