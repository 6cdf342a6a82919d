package account_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
)

// clients creates n access points and a role with its policy for each of n/2.
func clients(p *program, n int) {
	fs := p.create(tFS, "fs", obj{"encrypted": true})
	for i := range n {
		name := fmt.Sprintf("client-%04d", i)
		p.create(tAP, name, obj{"fileSystemId": fs.ID, "rootDirectory": obj{
			"path": "/clients/" + name, "creationInfo": obj{"ownerUid": 1000, "ownerGid": 1000, "permissions": "755"},
		}})
		if i%2 == 0 {
			role := p.create(tRole, name+"-role", obj{"name": name, "assumeRolePolicy": trust("ecs-tasks.amazonaws.com")})
			p.create(tRolePolicy, name+"-policy", obj{
				"role": role.ID, "name": "workspace",
				"policy": allow("s3:GetObject", "arn:aws:s3:::b/"+name+"/*"),
			})
		}
	}
}

// BenchmarkCreate1200 makes 1,200 resources from Check to the journal.
func BenchmarkCreate1200(b *testing.B) {
	for b.Loop() {
		p := newProgram(b)
		clients(p, 600)
	}
}

// BenchmarkOpen1200 opens an account with 1,200 resources.
func BenchmarkOpen1200(b *testing.B) {
	p := newProgram(b)
	clients(p, 600)
	for b.Loop() {
		acc, err := account.Open(p.dir)
		require.NoError(b, err)
		require.NoError(b, acc.Close())
	}
}

// BenchmarkPreview1200 is the account's part of a preview without changes: Check
// and Diff of 1,200 resources.
func BenchmarkPreview1200(b *testing.B) {
	p := newProgram(b)
	clients(p, 600)
	for b.Loop() {
		for _, name := range p.order {
			d := p.made[name]
			res, err := p.acc.Check(account.CheckRequest{
				URN: d.URN, Type: d.Type, OldInputs: d.Inputs, NewInputs: inputs(d.In),
				DefaultTags: defaultTags,
			})
			require.NoError(b, err)
			out, err := p.acc.Diff(account.DiffRequest{
				URN: d.URN, Type: d.Type, ID: d.ID, OldInputs: d.Inputs, OldState: d.State,
				NewInputs: res.Inputs,
			})
			require.NoError(b, err)
			require.Empty(b, out.Properties)
		}
	}
}
