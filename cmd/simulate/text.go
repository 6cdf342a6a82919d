package main

import _ "embed"

// text is docs/simulation.md without its numbers.
//
//go:embed simulation.md
var text string

// chartStyle follows the reader's light or dark setting.
//
//go:embed chart.css
var chartStyle string
