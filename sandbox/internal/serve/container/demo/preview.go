package main

import (
	_ "embed"
	"io"
	"net/http"
)

//go:embed page.html
var page string

// preview serves port 4321 as Astro's dev server does with base '/preview/'.
func (d *demo) preview() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !d.up(w, r):
		case d.faults[noPreview] || (r.URL.Path != "/preview/" && r.URL.Path != "/preview"):
			http.NotFound(w, r)
		case r.URL.Path == "/preview":
			w.Header().Set("Location", "/preview/")
			w.WriteHeader(http.StatusFound)
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = io.WriteString(w, page)
		}
	})
	return mux
}
