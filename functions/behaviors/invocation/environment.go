package invocation

import (
	"errors"
	"fmt"

	"github.com/webordinary/live-edit/functions/behaviors/spec"
)

// functionNameVariable is set by Lambda itself.
const functionNameVariable = "AWS_LAMBDA_FUNCTION_NAME"

// Environment is what Lambda sets of the function. Endpoint, region and credentials are the AWS SDK's own variables.
type Environment struct {
	// Function is AWS_LAMBDA_FUNCTION_NAME, the dimension of the metrics.
	Function string
	// Input is BEHAVIORS_INPUT, a [spec.Input] as JSON: what a re-merge restores.
	Input spec.Input
}

// LoadEnvironment reads and validates the environment; the error names everything that is missing or malformed.
func LoadEnvironment(env func(string) string) (Environment, error) {
	c := Environment{Function: env(functionNameVariable)}
	var faults []error
	if c.Function == "" {
		faults = append(faults, fmt.Errorf("%s: is not set, want the function's name", functionNameVariable))
	}
	switch text := env(spec.InputVariable); text {
	case "":
		faults = append(faults, fmt.Errorf("%s: is not set, want what a re-merge restores, as JSON", spec.InputVariable))
	default:
		in, err := spec.Parse([]byte(text))
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", spec.InputVariable, err))
		}
		c.Input = in
	}
	return c, errors.Join(faults...)
}
