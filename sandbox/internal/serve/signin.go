package serve

import (
	"context"
	"maps"
	"net"
	"net/http"
	"strings"

	"github.com/webordinary/live-edit/functions/identity/spec"
	"github.com/webordinary/live-edit/sandbox/internal/aws/elb/alb"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
	"github.com/webordinary/live-edit/sandbox/internal/serve/issuer"
)

// signIn is what stands behind the load balancer's actions that authenticate: its key, and whoever it asks.
type signIn struct {
	signer *alb.Signer
	// address is where both are reached, on this machine only.
	address string
}

const keysPath = "/keys"

// openSignIn publishes the load balancer's keys and answers for every issuer that the stack names, so that nothing leaves the machine.
func (s *Server) openSignIn(ctx context.Context) error {
	var err error
	if s.signIn.signer, err = alb.NewSigner(); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.atClose(once(listener))
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	s.signIn.address = "http://localhost:" + port
	mux := http.NewServeMux()
	mux.Handle(keysPath+"/", http.StripPrefix(keysPath, s.signIn.signer))
	mux.Handle("/", &issuer.Issuer{Client: s.issuerClient})
	s.serve(listener, mux)
	return nil
}

// signInEnvironment tells functions and containers where the load balancer's keys are.
func (s *Server) signInEnvironment() map[string]string {
	return map[string]string{spec.Keys: s.signIn.address + keysPath}
}

// containerEnvironment is what the tasks are told beside their definition.
func (s *Server) containerEnvironment() map[string]string {
	environment := s.signInEnvironment()
	maps.Copy(environment, s.options.containerEnv())
	return environment
}

// roleEnvironment are the credentials of a task's role.
func (s *Server) roleEnvironment(roleARN string) map[string]string {
	return s.api.Environment(s.api.CredentialsFor(roleARN, "task"))
}

// issuerEndpoint is where an endpoint of an issuer is reached on this machine.
func (s *Server) issuerEndpoint(endpoint alb.Endpoint, client string) string {
	return s.signIn.address + map[alb.Endpoint]string{
		alb.EndpointAuthorization: issuer.Authorize, alb.EndpointToken: issuer.Token, alb.EndpointUserInfo: issuer.UserInfo,
	}[endpoint] + client
}

// issuerClient finds the load balancer's account with an issuer: a user pool's client, which knows the pool's users, or one that a
// rule names, which knows everybody.
func (s *Server) issuerClient(id string) (issuer.Client, bool) {
	store := s.options.Account
	if r, ok := store.Get(view.TypeUserPoolClient, id); ok {
		client := issuer.Client{Secret: view.Text(r, "clientSecret"), People: []string{}, Refreshes: true}
		for _, user := range store.List(view.TypeUser) {
			if view.Text(user, "userPoolId") == view.Text(r, "userPoolId") {
				client.People = append(client.People, strings.ToLower(view.Text(user, "username")))
			}
		}
		return client, true
	}
	secret, ok := alb.ClientSecret(store, id)
	return issuer.Client{Secret: secret}, ok
}
