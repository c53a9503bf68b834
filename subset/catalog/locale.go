package catalog

import "cmp"

// Locale says how a database orders text.
type Locale struct {
	Provider string // libc, icu or builtin
	Collate  string // of libc
	Ctype    string
	Name     string // of icu or builtin
}

// localeRow is a row of pg_database, whose columns differ between versions.
type localeRow struct {
	Provider string `json:"datlocprovider"`
	Collate  string `json:"datcollate"`
	Ctype    string `json:"datctype"`
	Name     string `json:"datlocale"`
	ICU      string `json:"daticulocale"` // until 17
}

func (l localeRow) locale() Locale {
	provider := map[string]string{"i": "icu", "b": "builtin"}[l.Provider]
	return Locale{cmp.Or(provider, "libc"), l.Collate, l.Ctype, cmp.Or(l.Name, l.ICU)}
}
