package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// perUser is how many threads each user has: 1,000 users at a million threads.
const perUser = 1000

// plant makes a tree of n small threads, in use today.
func plant(root string, n int) error {
	content := []byte(`{"id":"t","messages":[],"updatedAt":"2020-01-01T00:00:00Z"}`)
	return eachThread(root, n, func(path string, _ int) error { return os.WriteFile(path, content, 0o600) })
}

// plantIdle makes n threads of conversation, as compressible as text is, idle
// for ten days, and returns their size in bytes.
func plantIdle(root string, n int) (int64, error) {
	words := vocabulary()
	when := time.Now().Add(-10 * 24 * time.Hour)
	err := eachThread(root, n, func(path string, i int) error {
		if err := os.WriteFile(path, conversation(words, uint64(i)), 0o600); err != nil { //nolint:gosec // i counts up from 0
			return err
		}
		return os.Chtimes(path, when, when)
	})
	if err != nil {
		return 0, err
	}
	var size int64
	for i := range n {
		info, err := os.Stat(threadPath(root, i))
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}

func threadPath(root string, i int) string {
	return filepath.Join(root, fmt.Sprintf("client%d/user%04d/.claude/threads/thread-%07d.json", i/perUser%10, i/perUser, i))
}

func eachThread(root string, n int, write func(path string, i int) error) error {
	var group errgroup.Group
	group.SetLimit(2 * runtime.NumCPU())
	for first := 0; first < n; first += perUser {
		group.Go(func() error {
			if err := os.MkdirAll(filepath.Dir(threadPath(root, first)), 0o750); err != nil {
				return err
			}
			for i := first; i < min(first+perUser, n); i++ {
				if err := write(threadPath(root, i), i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

const threadBytes = 64 << 10

const alphabet = "abcdefghijklmnopqrstuvwxyz"

func vocabulary() []string {
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same words every time
	words := make([]string, 4000)
	for i := range words {
		letters := make([]byte, 2+random.IntN(9))
		for j := range letters {
			letters[j] = alphabet[random.IntN(len(alphabet))]
		}
		words[i] = string(letters)
	}
	return words
}

// conversation is a thread of about threadBytes: messages of words, the usual
// ones often.
func conversation(words []string, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // the same threads every time
	var b strings.Builder
	b.WriteString(`{"messages":[`)
	for n := 0; b.Len() < threadBytes; n++ {
		if n > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"role":"user","id":%d,"content":"`, random.Uint32())
		for range 40 + random.IntN(80) {
			b.WriteString(words[int(float64(len(words))*random.Float64()*random.Float64()*random.Float64())])
			b.WriteByte(' ')
		}
		b.WriteString(`"}`)
	}
	b.WriteString("]}")
	return []byte(b.String())
}
