// Package infra deploys everything around webordinary's live-edit container on AWS.
//
// Data flows one way: configuration (package config) → components (one file each) → stack outputs (outputs.go);
// [Deploy] reads like the table of contents. A component never reads configuration or another component's
// resources on its own: what it needs arrives in its Args, and what others need of it is an exported output.
//
// Two parts are folders: ci, the workflows' roles, and function, which builds and deploys Lambda functions. Both stand,
// as the files here do, on component (children, roles, log groups) and on policy (IAM policies from values).
//
// Decisions are numbered D1… in docs/decisions.md; comments refer to them by number. "T00" and "T02" are the two
// tasks this program implements (foundation and Fargate service); docs/outputs.md maps their CloudFormation exports.
package infra
