// Package identity says who sent a request, by the word of the load balancer in front, and whether that person is invited.
//
// A load balancer whose rule authenticates signs what the issuer told it about the visitor and passes it on in the header
// x-amzn-oidc-data (ELB: "Authenticate users using an Application Load Balancer", "User claims encoding and signature
// verification"): a JWT with the algorithm ES256 whose three parts keep their base64 padding, which RFC 7515 forbids. Who signed, for
// whom and until when stands in the token's header, not among its claims: signer, client, iss, exp, and kid, under which the public key is
// published. Only a token whose signer is this deployment's own load balancer counts: any customer of AWS can have his
// load balancer sign anything.
package identity
