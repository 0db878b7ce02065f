package wire

// Counter counts the tokens of a text that comes in fragments.
type Counter interface {
	// Add returns by how many tokens the text has grown with this fragment.
	Add(fragment string) int
}
