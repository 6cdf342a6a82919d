// Package mounttest lets tests mount file systems of their own, such as a disk that is small enough to fill, without being root.
// It is support for tests, and for Linux only.
package mounttest
