package provision

// Labels of a preview that its machine bears too, where it has one of its own:
// they are all that a list of machines knows.
const (
	LabelCommit  = labelCommit
	LabelVersion = labelVersion
	LabelServes  = prefix + "serves" // the commit that is served: that of the last up which ended well
	LabelLink    = prefix + "link"   // the one to open first, as long as the address stays

	LabelStranger = prefix + "stranger" // "true": it was made for a fork's pull request
)

// Labels identify the preview.
func (p Preview) Labels() map[string]string { return p.labels() }

// PreviewOf reads an identity back from labels.
func PreviewOf(labels map[string]string) Preview { return previewOf(labels) }
