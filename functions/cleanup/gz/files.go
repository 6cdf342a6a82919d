package gz

import (
	"context"
	"errors"

	"github.com/webordinary/live-edit/functions/cleanup/fsx"
)

// CompareFiles compares a packed and a plain file of one directory.
func CompareFiles(ctx context.Context, d fsx.Dir, packed, plain string) (Relation, error) {
	a, err := d.Open(packed)
	if err != nil {
		return Different, err
	}
	b, err := d.Open(plain)
	if err != nil {
		return Different, errors.Join(err, a.Close())
	}
	relation, err := Compare(ctx, a, b)
	return relation, errors.Join(err, a.Close(), b.Close())
}
