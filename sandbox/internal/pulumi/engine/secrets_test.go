package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/sandbox/internal/pulumi/engine"
)

// token is a secret that stands nowhere else.
const token = "xyzzy-3b9f-plugh"

func TestSecretsAreNeverWrittenInPlainText(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	sandbox, stack := openWith(t, small, engine.StackOptions{
		Program: shop,
		Config:  map[string]engine.ConfigValue{"token": {Value: token, Secret: true}},
	}, engine.Options{StateDir: state})

	preview := mustPreview(t, stack)
	up := mustUp(t, stack)
	require.Equal(t, token, only(t, sandbox, versionType).State["secretString"].StringValue(), "the account knows it")
	require.True(t, up.Outputs["token"].Secret)
	require.Equal(t, token, up.Outputs["token"].Value)
	requireStable(t, stack)
	refreshed, err := stack.Refresh(t.Context(), engine.RunOptions{Diff: true})
	require.NoError(t, err)
	require.True(t, refreshed.Unchanged(), refreshed.Stdout)

	for _, printed := range []string{preview.Stdout, up.Stdout, refreshed.Stdout} {
		require.NotContains(t, printed, token)
	}
	require.FileExists(t, stack.StateFile())
	requireNowhere(t, state, token, "account")
}

// requireNowhere searches every file below dir, but for one directory: the
// simulated account holds the values of secrets, as the real one does.
func requireNowhere(t *testing.T, dir, text, except string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == except:
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		files++
		if strings.Contains(string(data), text) {
			t.Errorf("%s holds the secret in plain text", path)
		}
		return err
	}))
	require.Greater(t, files, 3, "the search has found the state")
}

func TestASecretTagStaysSecretInEveryOutput(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	_, stack := openWith(t, small, engine.StackOptions{Program: func(ctx *pulumi.Context) error {
		bucket, err := s3.NewBucketV2(ctx, "store", &s3.BucketV2Args{
			Bucket: pulumi.String("small-store"),
			Tags:   pulumi.ToSecret(pulumi.StringMap{"Token": pulumi.String(token)}).(pulumi.StringMapOutput),
		})
		if err != nil {
			return err
		}
		ctx.Export("tags", bucket.Tags)
		return nil
	}}, engine.Options{StateDir: state})

	up := mustUp(t, stack)
	require.True(t, up.Outputs["tags"].Secret)
	require.Equal(t, token, up.Outputs["tags"].Value.(map[string]any)["Token"])
	requireNowhere(t, state, token, "account")
	requireStable(t, stack)
}

func TestOutputsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	config := map[string]engine.ConfigValue{"token": {Value: token, Secret: true}}
	sandbox, stack := openWith(t, small, engine.StackOptions{Program: shop, Config: config}, engine.Options{StateDir: state})
	mustUp(t, stack)
	require.NoError(t, sandbox.Close())

	_, reopened := openWith(t, small, engine.StackOptions{Program: shop, Config: config}, engine.Options{StateDir: state})
	outputs, err := reopened.Outputs()
	require.NoError(t, err)
	require.Equal(t, token, outputs["token"].Value)
	again := mustPreview(t, reopened)
	require.True(t, again.Unchanged(), again.Stdout)
}

func TestAPassphraseIsNeededForItsSalt(t *testing.T) {
	for _, name := range []string{"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} {
		t.Setenv(name, "") // remembers the value, to restore it
		require.NoError(t, os.Unsetenv(name))
	}
	_, stack := open(t, "encryptionsalt: v1:OCBieXRlcy4=:v1:abc:def\n"+small, shop)

	_, err := stack.Up(t.Context(), engine.RunOptions{})
	require.ErrorContains(t, err, "has an encryptionsalt, so its passphrase is needed")
	require.Equal(t, engine.ExitUsage, engine.ExitCode(err))
	require.NoFileExists(t, stack.StateFile(), "nothing has begun")
}
