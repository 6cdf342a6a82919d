package account_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
)

// obj and list abbreviate inputs.
type (
	obj  = map[string]any
	list = []any
)

// noon is the accounts' clock.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// program deploys resources into an account as the engine would: Check, then
// Create with the checked inputs.
type program struct {
	t   testing.TB
	dir string
	acc *account.Account
	// made are the resources by name, with the inputs they were made of.
	made map[string]deployed
	// order are the names in order of creation.
	order []string
	names int
	// instead, when set, is called in place of the creation of one resource.
	instead func(typ, name string, in obj) (account.Resource, obj)
}

type deployed struct {
	account.Resource
	URN string
	In  obj
}

func newProgram(t testing.TB) *program {
	t.Helper()
	p := &program{t: t, dir: t.TempDir(), made: map[string]deployed{}}
	p.open()
	t.Cleanup(func() { require.NoError(t, p.acc.Close()) })
	return p
}

func (p *program) open() {
	acc, err := account.OpenWith(p.dir, account.Options{Now: func() time.Time { return noon }})
	require.NoError(p.t, err)
	p.acc = acc
}

// reopen closes the account and reads it again from its journal.
func (p *program) reopen() {
	require.NoError(p.t, p.acc.Close())
	p.open()
}

func urnOf(typ, name string) string {
	return "urn:pulumi:prod::webordinary-live-edit::" + typ + "::" + name
}

var defaultTags = map[string]string{"project": "webordinary", "stack": "prod"}

// check runs Check on plain Go values.
func (p *program) check(typ, name string, in obj) account.CheckResult {
	p.t.Helper()
	res, err := p.acc.Check(account.CheckRequest{
		URN: urnOf(typ, name), Type: typ, NewInputs: inputs(in), DefaultTags: defaultTags, RandomSeed: []byte(name),
	})
	require.NoError(p.t, err)
	return res
}

func inputs(in obj) resource.PropertyMap { return props.Of(in).ObjectValue() }

// try checks and creates, and returns all complaints as one text.
func (p *program) try(typ, name string, in obj) (account.Resource, string) {
	p.t.Helper()
	res := p.check(typ, name, in)
	if len(res.Failures) > 0 {
		text := ""
		for _, f := range res.Failures {
			text += f.Property + ": " + f.Reason + "\n"
		}
		return account.Resource{}, text
	}
	r, err := p.acc.Create(p.t.Context(), account.CreateRequest{URN: urnOf(typ, name), Type: typ, Inputs: res.Inputs})
	if err != nil {
		return account.Resource{}, err.Error()
	}
	return r, ""
}

// create makes a resource that must be accepted.
func (p *program) create(typ, name string, in obj) account.Resource {
	p.t.Helper()
	var r account.Resource
	if p.instead != nil {
		r, in = p.instead(typ, name, in)
	} else {
		var complaint string
		r, complaint = p.try(typ, name, in)
		require.Empty(p.t, complaint, "%s %s", typ, name)
	}
	p.made[name] = deployed{Resource: r, URN: urnOf(typ, name), In: in}
	p.order = append(p.order, name)
	return r
}

// out returns an output of a made resource.
func (p *program) out(name, output string) string {
	p.t.Helper()
	v := p.made[name].State[resource.PropertyKey(output)]
	require.True(p.t, v.IsString(), "%s.%s is %v", name, output, v)
	return v.StringValue()
}

// fresh returns a name that no other call returned.
func (p *program) fresh(base string) string {
	p.names++
	return fmt.Sprintf("%s-%d", base, p.names)
}

func (p *program) id(name string) string { return p.made[name].ID }

// with is a copy of the inputs of a made resource, with changes; a nil value
// removes an input.
func (p *program) with(name string, changes obj) obj {
	in := maps.Clone(p.made[name].In)
	for k, v := range changes {
		if v == nil {
			delete(in, k)
			continue
		}
		in[k] = v
	}
	return in
}

// codeZip packs a file into a zip with that mode.
func codeZip(t testing.TB, file string, mode os.FileMode) *archive.Archive {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: file, Method: zip.Deflate}
	h.SetMode(mode)
	w, err := z.CreateHeader(h)
	require.NoError(t, err)
	_, err = w.Write([]byte("#!/bin/sh\nexit 0\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "code.zip")
	require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o600))
	a, err := archive.FromPath(path)
	require.NoError(t, err)
	return a
}

func statement(extra obj) obj {
	s := obj{"Effect": "Allow"}
	maps.Copy(s, extra)
	return s
}

func policy(statements ...any) obj { return obj{"Version": "2012-10-17", "Statement": statements} }

func trust(service string) obj {
	return policy(statement(obj{"Action": "sts:AssumeRole", "Principal": obj{"Service": service}}))
}

func allow(action, res string) obj { return policy(statement(obj{"Action": action, "Resource": res})) }
