package packs

// Read is for tests of packs that nothing here has written.
var Read = read
