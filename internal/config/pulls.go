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
		{
			name: "drafts", value: yesNo(&p.Drafts),
			about: "`true`: drafts have previews too; see [Pull requests](pull-requests.md)", absent: "`false`",
		},
		{
			name: "label", value: text(&p.Label),
			about: "only pull requests with this label have a preview", absent: "all have",
		},
		{
			name: "graph", value: yesNo(&p.Graph),
			about: "`true`: the comment draws the tables of the subset and their references", absent: "`false`",
		},
		{
			name: "share", value: yesNo(&p.Share),
			about: "`true`: the comment has the link that signs in, for everybody who can read it", absent: "`false`",
		},
	}
}
