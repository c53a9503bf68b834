package config

// Pulls is the part about pull requests.
type Pulls struct {
	Drafts bool   // drafts have previews too
	Label  string // only pull requests with this label have one; empty: all
	Graph  bool   // the comment draws the tables
	Share  bool   // the comment has the link that signs in
}

func (p *Pulls) fields() []field {
	return []field{
		{name: "drafts", decode: yesNo(&p.Drafts)},
		{name: "label", decode: text(&p.Label)},
		{name: "graph", decode: yesNo(&p.Graph)},
		{name: "share", decode: yesNo(&p.Share)},
	}
}
