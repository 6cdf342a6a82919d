package wire

import (
	"context"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

// maker is an account that makes and removes things by its own rules. The plain stores of tests have none.
type maker interface {
	Make(ctx context.Context, typ string, inputs map[string]any) (view.Resource, error)
	Unmake(ctx context.Context, r view.Resource) error
}

func (x *Exchange) maker() (maker, error) {
	made, ok := x.Store.(maker)
	if !ok {
		return nil, NotSupported("%s needs an account with rules", x.Operation)
	}
	return made, nil
}

// Create makes something that Pulumi knows nothing of, by the rules that hold for its resources, too.
func (x *Exchange) Create(typ string, inputs map[string]any) (view.Resource, error) {
	made, err := x.maker()
	if err != nil {
		return view.Resource{}, err
	}
	created, err := made.Make(x.Request.Context(), typ, inputs)
	if err != nil {
		return view.Resource{}, refusal(err.Error())
	}
	return created, nil
}

// Remove takes something away that nothing else uses.
func (x *Exchange) Remove(r view.Resource) error {
	made, err := x.maker()
	if err != nil {
		return err
	}
	if err := made.Unmake(x.Request.Context(), r); err != nil {
		return refusal(err.Error())
	}
	return nil
}

// refusal takes the service's code from a refusal of the account, which begins with it.
func refusal(text string) *Error {
	for part := range strings.SplitSeq(text, ": ") {
		if part != "" && !strings.ContainsAny(part, " /'\"") && part[0] >= 'A' && part[0] <= 'Z' {
			_, message, _ := strings.Cut(text, part+": ")
			return Refuse(part, "%s", message)
		}
	}
	return Refuse("ValidationException", "%s", text)
}
