package packs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// exclude has git pass by a link in a directory's place. Most projects have "node_modules/" in their .gitignore, which is about directories
// only: a link would be committed.
func exclude(directory string) error {
	top := filepath.Dir(directory)
	for ; ; top = filepath.Dir(top) {
		if info, err := os.Stat(filepath.Join(top, ".git")); err == nil && info.IsDir() {
			break
		}
		if top == filepath.Dir(top) {
			return nil // no repository
		}
	}
	line := "/" + filepath.ToSlash(strings.TrimPrefix(directory, top+string(filepath.Separator)))
	info := filepath.Join(top, ".git", "info")
	name := filepath.Join(info, "exclude")
	content, err := os.ReadFile(name) //nolint:gosec // the project's
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("have git pass by %s: %w", directory, err)
	}
	for has := range bytes.Lines(content) {
		if string(bytes.TrimSpace(has)) == line {
			return nil
		}
	}
	if len(content) > 0 && !bytes.HasSuffix(content, []byte("\n")) {
		line = "\n" + line
	}
	err = os.MkdirAll(info, dirPerm)
	if err == nil {
		err = appendTo(name, line+"\n")
	}
	if err != nil {
		return fmt.Errorf("have git pass by %s: %w", directory, err)
	}
	return nil
}

func appendTo(name, text string) error {
	const perm = 0o644
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, perm) //nolint:gosec // as git makes it
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
