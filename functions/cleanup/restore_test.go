package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// document reads one of the project's documents.
func document(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../" + name)
	require.NoError(t, err)
	return string(raw)
}

// restoring finds what a document tells to type, by what it begins with.
func restoring(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.Len(t, found, 2, pattern)
	return found[1]
}

// TestWhatIsPutBackAsDocumentedStays: everything in the tree is months old, and
// nothing of what our own commands put back may be taken for that.
func TestWhatIsPutBackAsDocumentedStays(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	client, backup := root+"/clients/acme", root+"/aws-backup-restore_now/clients/acme"
	for _, path := range []string{"/metadata.json", "/project/package.json", "/project/src/deep/x.astro", "/.claude/threads/x.json"} {
		put(t, client+"/gone"+path, `{}`, 100*day)
		put(t, backup+"/bob"+path, `{}`, 100*day)
	}
	require.NoError(t, os.Remove(client+"/gone/.claude/threads/x.json"), "it would be deleted first")
	put(t, backup+"/bob/.claude/threads/other.json.gz", "", 100*day)
	put(t, client+"/jane/.claude/threads/x.json", `{}`, 8*day)
	put(t, client+"/jane/metadata.json", `{}`, day)
	ageDirs(t, root, 100*day)
	args := []string{"-root", root + "/clients", "-settle", "0s", "-archive-after", "2160h", "-json"}
	code, out, errs := invoke(t, args...)
	require.Equal(t, exitOK, code, "%s%s", out, errs)
	require.NoDirExists(t, client+"/gone")
	require.FileExists(t, client+"/jane/.claude/threads/x.json.gz")
	long := time.Now().Add(-25 * day)
	require.NoError(t, os.Chtimes(client+"/jane/.claude/threads/x.json.gz", long, long))

	cleanup, operations := document(t, "docs/operations-cleanup.md"), document(t, "docs/operations.md")
	values := strings.NewReplacer("/mnt/workspaces", root, "<client>", "acme", "<date>", time.Now().UTC().Format(time.DateOnly), "<time>", "now")
	for user, script := range map[string]string{
		"gone": restoring(t, cleanup, "(?s)An archived user\\..*?```sh\n(.*?)```"),
		"bob":  restoring(t, operations, "`(sudo cp [^`]*)`"),
		"jane": "cd " + client + "/jane/.claude/threads && " + restoring(t, cleanup, "`(gunzip [^`]*)`"),
	} {
		preamble := "set -e\nnpm() { mkdir node_modules; }\nsudo() { if [ \"$1\" = -u ]; then shift 2; fi; \"$@\"; }\n"
		cmd := exec.CommandContext(t.Context(), "bash", "-c", preamble+strings.ReplaceAll(values.Replace(script), "<user>", user))
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", script, said)
	}
	require.Contains(t, tree(t, client), "gone/project/src/deep/x.astro")
	require.Contains(t, tree(t, client), "bob/.claude/threads/x.json")
	require.Contains(t, tree(t, client), "jane/.claude/threads/x.json")
	before := tree(t, root)
	code, out, errs = invoke(t, args...)
	require.Equal(t, exitOK, code, "%s%s", out, errs)
	require.Equal(t, before, tree(t, root), "the next run takes nothing")
}

// keepsTimes are commands that put files back with the times that they had.
var keepsTimes = map[string]*regexp.Regexp{
	"tar without -m":   regexp.MustCompile(`\btar (-?[a-zA-Z]*x[a-zA-Z]*|[^` + "`" + `\n]*--extract)[^` + "`" + `\n]*`),
	"cp with times":    regexp.MustCompile(`\bcp (-\S+ )*(-[a-zA-Z]*[ap][a-zA-Z]*\b|--archive|--preserve(=\S*(all|timestamps)|\s))`),
	"rsync with times": regexp.MustCompile(`\brsync (-\S+ )*(-[a-zA-Z]*[at][a-zA-Z]*\b|--archive|--times)[^` + "`" + `\n]*`),
	"scp with times":   regexp.MustCompile(`\bscp (-\S+ )*-[a-zA-Z]*p`),
	"unzip with times": regexp.MustCompile(`\bunzip (-[a-zA-CE-Z]* )*[^-` + "`" + `\n]`),
	// The AWS CLI gives a download the time at which the object was put there.
	"download from S3":    regexp.MustCompile(`\baws s3 (cp|mv|sync) (-\S+ )*s3://[^` + "`" + `\n]*`),
	"mv of what was kept": regexp.MustCompile(`\bmv [^` + "`" + `\n]*aws-backup-restore`),
	"gunzip alone":        regexp.MustCompile("\\b(gunzip|gzip -d) [^`\n&]*[`\n]"),
}

// keepers names what in a text would put files back with old times.
func keepers(text string) []string {
	var found []string
	for name, pattern := range keepsTimes {
		for _, command := range pattern.FindAllString(text, -1) {
			options, _, _ := strings.Cut(strings.TrimPrefix(command, "tar "), " ")
			if name == "tar without -m" && (strings.Contains(options, "m") || strings.Contains(command, "--touch")) {
				continue
			}
			// A client that moves takes its files' ages along, and objects that go from bucket to bucket are no files.
			if strings.Contains(command, " /mnt/old/") || strings.Count(command, "s3://") > 1 {
				continue
			}
			found = append(found, name+": "+command)
		}
	}
	return found
}

// TestNoDocumentedCommandPutsFilesBackWithOldTimes looks at commands that nobody runs here, too.
func TestNoDocumentedCommandPutsFilesBackWithOldTimes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	require.Greater(t, len(paths), 8)
	for _, path := range append(paths, "../../README.md") {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, keepers(string(raw)), path)
	}
	for text, want := range map[string]int{
		"`tar -xzf a.tar.gz`": 1, "`tar xf a`": 1, "`tar --extract -f a`": 1, "`tar -xmzf a`": 0, "`tar -x --touch -f a`": 0, "`tar -czf a b`": 0,
		"`cp -a x y`": 1, "`sudo cp -r -p x y`": 1, "`cp --preserve=all x y`": 1, "`cp --preserve=timestamps x y`": 1, "`cp -dR --preserve=mode x y`": 0,
		"`rsync -a x y`": 1, "`rsync -rt x y`": 1, "`rsync -r x y`": 0, "`mv aws-backup-restore_1/x y`": 1, "`gunzip x.gz`": 1,
		"`gunzip x.gz && touch x`": 0, "`scp -rp x h:y`": 1, "`scp -r x h:y`": 0, "`unzip -q a.zip`": 1, "`unzip -DD a.zip`": 0,
		"`aws s3 sync s3://b/x y`": 1, "`aws s3 cp --recursive s3://b/x y`": 1, "`aws s3 cp y s3://b/x`": 0, "`aws s3 sync s3://b/x s3://c/x`": 0, "`rsync -a /mnt/old/x /mnt/new/x`": 0, "`rsync -a /backup/x /mnt/new/x`": 1,
	} {
		require.Len(t, keepers(text), want, text)
	}
}
