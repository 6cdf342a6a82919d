// Package cost prices a deployed stack: it walks the resources of a stack export, multiplies what they use by us-west-2
// list prices (prices.go, each with source and date) under stated assumptions (usage.go), and compares the result with
// other ways to run the same thing (variants.go).
//
// It is an estimate from list prices. The bill also knows free tiers of new accounts, discounts and data transfer out.
package cost
