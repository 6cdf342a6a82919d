package host

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestMoreTelling: whoever has waited for a silent owner until the end hears of the owner, and not of a deadline.
func TestMoreTelling(t *testing.T) {
	t.Parallel()
	inTime, end := context.WithCancel(t.Context())
	over := fmt.Errorf("find the owner of session ada: %w", context.DeadlineExceeded)
	assert.Equal(t, errFull, moreTelling(inTime, errSilent, errFull), "what is so now")
	end()
	assert.Equal(t, errSilent, moreTelling(inTime, errSilent, over))
	assert.Equal(t, errSilent, moreTelling(inTime, errSilent, errBooting), "find may say so of a task that has long booted")
	assert.Equal(t, over, moreTelling(inTime, nil, over), "it is all there is to say")
}
