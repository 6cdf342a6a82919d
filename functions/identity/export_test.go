package identity

// Kept counts what is remembered: keys, and IDs without one.
func (p *PublishedKeys) Kept() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known) + len(p.unknown)
}
