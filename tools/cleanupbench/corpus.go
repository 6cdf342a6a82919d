package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// corpus makes threads of one kind.
type corpus interface {
	name() string
	// prepare returns what makes the n-th thread.
	prepare() (func(n uint64) ([]byte, error), error)
}

// threadBytes is about the size of each.
const threadBytes = 64 << 10

// message is one of a thread's.
type message struct {
	Role    string `json:"role"`
	ID      uint32 `json:"id"`
	Content string `json:"content"`
}

// conversation is a thread of messages.
func conversation(random *rand.Rand, content func() string) ([]byte, error) {
	var messages []message
	for size := 0; size < threadBytes; {
		// Of nine digits: one of ten may be a date of this week, and then the cleanup rightly keeps the thread.
		m := message{Role: []string{"user", "assistant", "tool"}[random.IntN(3)], ID: random.Uint32N(1_000_000_000), Content: content()}
		size += len(m.Content) + 50
		messages = append(messages, m)
	}
	return json.MarshalIndent(map[string]any{"messages": messages}, "", " ")
}

// prose is words by chance, the usual ones often. Words do not repeat each other
// as people and programs do, which makes it easy for gzip to give up searching.
type prose struct{}

func (prose) name() string { return "prose" }

const alphabet = "abcdefghijklmnopqrstuvwxyz"

func (prose) prepare() (func(n uint64) ([]byte, error), error) {
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same words every time
	words := make([]string, 4000)
	for i := range words {
		letters := make([]byte, 2+random.IntN(9))
		for j := range letters {
			letters[j] = alphabet[random.IntN(len(alphabet))]
		}
		words[i] = string(letters)
	}
	return func(n uint64) ([]byte, error) {
		random := rand.New(rand.NewPCG(n, 2)) //nolint:gosec // the same threads every time
		return conversation(random, func() string {
			var b strings.Builder
			for range 40 + random.IntN(80) {
				b.WriteString(words[int(float64(len(words))*random.Float64()*random.Float64()*random.Float64())])
				b.WriteByte(' ')
			}
			return b.String()
		})
	}, nil
}

// code is what an editor's threads hold for the most part: pieces of files, here
// of Go's standard library.
type code struct{}

func (code) name() string { return "code" }

// codeBytes is how much of it is kept in memory.
const codeBytes = 16 << 20

func (code) prepare() (func(n uint64) ([]byte, error), error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("find Go's own sources: %w", err)
	}
	var files []string
	size := 0
	err = filepath.WalkDir(filepath.Join(strings.TrimSpace(string(goroot)), "src"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || size > codeBytes {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // Go's own sources
		files, size = append(files, string(text)), size+len(text)
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no Go sources below %s", goroot)
	}
	if err != nil {
		return nil, err
	}
	return func(n uint64) ([]byte, error) {
		random := rand.New(rand.NewPCG(n, 3)) //nolint:gosec // the same threads every time
		return conversation(random, func() string {
			text := files[random.IntN(len(files))]
			from := random.IntN(len(text))
			return strings.ToValidUTF8(text[from:min(from+200+random.IntN(6000), len(text))], "")
		})
	}, nil
}
