package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOneTaskServesASession(t *testing.T) {
	t.Parallel()
	s := newService(t)
	task := s.start()
	name, pid := task.who("")
	assert.Equal(t, "ada", name)
	again, samePID := task.who("ada")
	assert.Equal(t, "ada", again)
	assert.Equal(t, pid, samePID)
	page := task.do(ask{path: "/preview/", header: http.Header{"Accept": {"text/html"}}})
	require.Equal(t, http.StatusOK, page.status)
	assert.Contains(t, page.body, "<p id=user>ada")
	bob, other := task.who("bob")
	assert.Equal(t, "bob", bob)
	assert.NotEqual(t, pid, other)
	assert.Less(t, task.terminate(), promptly)
	assert.Contains(t, task.output(), "handed back")
}
