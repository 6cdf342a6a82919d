package kind

import (
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// VerifyPreview applies the rules that a preview can know.
func (k *Kind) VerifyPreview(c *Call) error {
	k.verify(c)
	return c.Err()
}

// Apply verifies and carries out a create or an update on c.State.
func (k *Kind) Apply(c *Call) error {
	k.verify(c)
	if err := c.Err(); err != nil {
		return err
	}
	if c.Creating() {
		if err := k.Create(c); err != nil {
			return err
		}
		if other, taken := c.Get(c.Type, c.ID); taken && c.Err() == nil {
			c.refuseOccupied(k, other)
		}
		return c.Err()
	}
	if k.Update != nil {
		if err := k.Update(c); err != nil {
			return err
		}
	}
	return c.Err()
}

// refuseOccupied: every kind guards its names itself, so this keeps a gap in one
// from overwriting what exists. Where AWS's call is a Put it may write over what
// this resource left behind, but not over what another one manages.
func (c *Call) refuseOccupied(k *Kind, other Resource) {
	switch {
	case !k.Overwrites:
		c.Refuse("", "ResourceAlreadyExists", "%s exists already: %s", c.ID, Describe(other))
	case other.URN != "" && other.URN != c.URN:
		c.Refuse("", "ResourceAlreadyExists", "%s has one already, %s of %s; AWS would silently write over it, and the two would undo each "+
			"other for ever",
			c.ID, Describe(other), stackOf(other.URN))
	}
}

func (k *Kind) verify(c *Call) {
	c.verifyRefs(k)
	c.verifyUnique(k)
	if k.Verify != nil {
		k.Verify(c)
	}
}

// Remove verifies and stages the deletion of c.Old and all that goes with it.
func (k *Kind) Remove(c *Call) error {
	gone := cascade(c.View, c.Old)
	if k.Owns != nil {
		gone = append(gone, k.Owns(c.View, c.Old)...)
	}
	c.verifyUnused(c.Old, gone)
	if k.Delete != nil {
		k.Delete(c)
	}
	if err := c.Err(); err != nil {
		return err
	}
	for _, g := range gone {
		c.Tx.Remove(g.Type, g.ID)
	}
	c.Tx.Remove(c.Old.Type, c.Old.ID)
	return nil
}

// CheckInputs returns the faults that the inputs alone show.
func (k *Kind) CheckInputs(in props.Map) []Failure {
	c := &Checker{In: in}
	if k.Check != nil {
		k.Check(c)
	}
	checkTags(c)
	return c.Failures
}
