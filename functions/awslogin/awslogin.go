// Package awslogin finds AWS credentials for a command that a person runs, and says in their words what AWS refuses: what is
// missing, and the command that mends it. What the SDK says is kept behind that, for whoever looks into it.
package awslogin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// ErrCredentials means that there are no credentials that AWS would take.
var ErrCredentials = errors.New("no usable AWS credentials")

// logIn is what gives a terminal credentials.
const logIn = "log in with `aws sso login`, name another profile with `export AWS_PROFILE=NAME` " +
	"(`aws configure list-profiles` lists them), or make one with `aws configure`; then run this again"

// Load reads the usual AWS configuration and asks for credentials at once, so that their lack is known before the first call.
func Load(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, lacking(ctx, err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, lacking(ctx, err)
	}
	return cfg, nil
}

// lacking explains why there are no credentials.
func lacking(ctx context.Context, err error) error {
	var noProfile config.SharedConfigProfileNotExistError
	var expired *ssocreds.InvalidTokenError
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &noProfile):
		return fmt.Errorf("%w: there is no profile %q; `aws configure list-profiles` lists those that there are, `export AWS_PROFILE=NAME` "+
			"chooses one, `aws configure --profile %s` makes this one (%w)", ErrCredentials, noProfile.Profile, noProfile.Profile, err)
	case errors.As(err, &expired):
		return fmt.Errorf("%w: the login has expired; %s (%w)", ErrCredentials, logIn, err)
	case os.Getenv("AWS_PROFILE") != "":
		return fmt.Errorf("%w: profile %q (AWS_PROFILE) gives none; %s (%w)", ErrCredentials, os.Getenv("AWS_PROFILE"), logIn, err)
	default:
		return fmt.Errorf("%w: neither the environment nor a profile has any; %s (%w)", ErrCredentials, logIn, err)
	}
}

// The codes by which AWS's services tell what is wrong with a call's credentials and permissions ("Common error types" of the API
// references; EC2 and the query services have names of their own).
var (
	expiredCodes = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	unknownCodes = []string{
		"AuthFailure", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "SignatureDoesNotMatch",
		"UnrecognizedClientException",
	}
	deniedCodes = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
	busyCodes   = []string{"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "ServiceUnavailable"}
)

// Explain puts what came of a call of AWS into words: what is missing, and what mends it. An error that it has no better words for
// is returned as it is, and so is one that Load has explained.
func Explain(err error) error {
	var refused smithy.APIError
	switch {
	case err == nil, errors.Is(err, ErrCredentials), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refused):
		return explainRefusal(refused, err)
	case isOfNetwork(err):
		return fmt.Errorf("AWS cannot be reached; check the network and AWS_ENDPOINT_URL, which should be unset for the real AWS, "+
			"then run this again (%w)", err)
	default:
		return err
	}
}

// isOfNetwork tells the network's faults from all others. That one is a [net.Error] says nothing: every fault of a file is, by the
// number that the system gives for it.
func isOfNetwork(err error) bool {
	var request *url.Error
	var connection *net.OpError
	var name *net.DNSError
	return errors.As(err, &request) || errors.As(err, &connection) || errors.As(err, &name) || errors.Is(err, context.DeadlineExceeded)
}

func explainRefusal(refused smithy.APIError, err error) error {
	code := refused.ErrorCode()
	switch {
	case slices.Contains(expiredCodes, code):
		return fmt.Errorf("%w: the login has expired; %s (%w)", ErrCredentials, logIn, err)
	case slices.Contains(unknownCodes, code):
		return fmt.Errorf("%w: AWS does not know these credentials, or this machine's clock is wrong; `aws sts get-caller-identity` tells; "+
			"%s (%w)", ErrCredentials, logIn, err)
	case slices.Contains(deniedCodes, code):
		return fmt.Errorf("these credentials may not do that: %s; `aws sts get-caller-identity` says whose they are; add the permission, or "+
			"choose a profile that has it with `export AWS_PROFILE=NAME` (%w)", refused.ErrorMessage(), err)
	case slices.Contains(busyCodes, code):
		return fmt.Errorf("AWS is busy; wait a minute and run this again (%w)", err)
	default:
		return err
	}
}
