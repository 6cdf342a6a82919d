// Package component is what the components of a stack register alike: children, roles, log groups.
package component

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Child returns the options of a component's child: its parent, then what this child alone needs. Always a fresh
// slice, so that no two children share a backing array and the caller's options never reach them.
func Child(parent pulumi.Resource, own ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(parent)}, own...)
}

// Created wraps the error of registering a resource with its component's name.
func Created(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("register %s: %w", name, err)
}
