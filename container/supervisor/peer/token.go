package peer

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
)

const (
	tokenFile = "peer-token"
	tokenSize = 32 // bytes
)

// Token reads the token that the tasks of this service know each other by, and makes it where there is none. It comes into being under its
// name by a link, so that nobody meets half of it and of two makers one gives way.
func Token(state *os.Root) (string, error) {
	if token, err := readToken(state); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	raw := make([]byte, tokenSize)
	_, _ = rand.Read(raw) // it never fails
	temporary := ".token-" + rand.Text()
	if err := state.WriteFile(temporary, []byte(hex.EncodeToString(raw)), 0o600); err != nil {
		return "", fmt.Errorf("make the token of the peers: %w", err)
	}
	err := state.Link(temporary, tokenFile)
	_ = state.Remove(temporary) // tidiness
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make the token of the peers: %w", err)
	}
	return readToken(state)
}

var errToken = errors.New("the token of the peers is damaged; stop all tasks and remove it")

func readToken(state *os.Root) (string, error) {
	content, err := state.ReadFile(tokenFile)
	if err != nil {
		return "", fmt.Errorf("read the token of the peers: %w", err)
	}
	text := strings.TrimSpace(string(content))
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != tokenSize {
		return "", fmt.Errorf("%s: %w", tokenFile, errToken)
	}
	return text, nil
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the peer may be gone
}
