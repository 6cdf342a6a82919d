package ecr

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLifecyclePriorities(t *testing.T) {
	t.Parallel()
	rule := func(priority, status, extra string) string {
		return `{"rulePriority":` + priority + `,"selection":{"tagStatus":"` + status + `","countType":"imageCountMoreThan",
		"countNumber":1` + extra + `},"action":{"type":"expire"}}`
	}
	doc := func(rules ...string) string { return `{"rules":[` + strings.Join(rules, ",") + `]}` }
	require.Empty(t, CheckLifecycle(doc(rule("1", "untagged", ""), rule("2", "tagged", `,"tagPrefixList":["v"]`), rule("9", "any", ""))))
	require.Contains(t, strings.Join(CheckLifecycle(doc(rule("1", "any", ""), rule("2", "untagged", ""))), ";"),
		"must have the highest rulePriority")
	require.Contains(t, strings.Join(CheckLifecycle(doc(rule("1", "untagged", ""), rule("1", "untagged", ""))), ";"),
		"rulePriority 1 is used twice")
	require.Contains(t, strings.Join(CheckLifecycle(doc(rule("0", "untagged", ""))), ";"), "rulePriority 0 must be at least 1")
	require.Contains(t, strings.Join(CheckLifecycle(doc()), ";"), "0 rules, expected 1 to 50")
}

// TestExpiredImages evaluates policies on five images, the oldest first: a, b and c are versions, b is also "latest",
// u and v have lost their tags. They are a day apart, the newest is pushed now.
func TestExpiredImages(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var images []PushedImage
	for i, one := range []struct{ digest, tags string }{{"u", ""}, {"a", "v1"}, {"b", "latest v2"}, {"v", ""}, {"c", "v3"}} {
		images = append(images, PushedImage{one.digest, strings.Fields(one.tags), now.AddDate(0, 0, i-4)})
	}
	rule := func(priority int, selection string) string {
		return fmt.Sprintf(`{"rulePriority":%d,"selection":{%s},"action":{"type":"expire"}}`, priority, selection)
	}
	const more = `,"countType":"imageCountMoreThan","countNumber":`
	const older = `,"countType":"sinceImagePushed","countUnit":"days","countNumber":`
	for _, c := range []struct {
		rules []string
		want  []string
	}{
		{[]string{rule(1, `"tagStatus":"any"`+more+"5")}, nil},
		{[]string{rule(1, `"tagStatus":"any"`+more+"3")}, []string{"a", "u"}},
		{[]string{rule(1, `"tagStatus":"any"`+more+"1")}, []string{"v", "b", "a", "u"}},
		{[]string{rule(1, `"tagStatus":"any"`+older+"2")}, []string{"a", "u"}},
		{[]string{rule(1, `"tagStatus":"untagged"`+more+"1")}, []string{"u"}},
		{[]string{rule(1, `"tagStatus":"tagged","tagPrefixList":["v"]`+more+"1")}, []string{"b", "a"}},
		{[]string{rule(1, `"tagStatus":"tagged","tagPrefixList":["v","lat"]`+older+"1")}, []string{"b"}},
		{[]string{rule(1, `"tagStatus":"tagged","tagPatternList":["v*1"]`+older+"1")}, []string{"a"}},
		// What matches the first rule only the first can expire, but the second counts it.
		{[]string{rule(9, `"tagStatus":"any"`+more+"2"), rule(1, `"tagStatus":"untagged"`+more+"1")}, []string{"u", "b", "a"}},
	} {
		got, err := ExpiredImages(`{"rules":[`+strings.Join(c.rules, ",")+`]}`, images, now)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s", c.rules)
	}
	_, err := ExpiredImages(`{"rules":[]}`, images, now)
	require.ErrorContains(t, err, "0 rules, expected 1 to 50")
}

func FuzzLifecycles(f *testing.F) {
	f.Add(`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any"}}]}`)
	f.Fuzz(func(_ *testing.T, doc string) { CheckLifecycle(doc) })
}
