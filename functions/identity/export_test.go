package identity

// CheckEditors says what is wrong with a list.
func CheckEditors(editors []Editor) error {
	_, err := checked(editors)
	return err
}

// Kept counts what is remembered: keys, and IDs without one.
func (p *PublishedKeys) Kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known) + len(p.unknown)
}
