package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/graft-build/graft"
)

// folderOptions reads the files and variables that the flags name.
func (a *app) folderOptions(f *publication, dir string) (err error) {
	f.folder.Dir = dir
	key := f.keyFile
	if key == "" {
		key = getenv(a.Env, "GRAFT_SIGN_KEY")
	}
	switch {
	case key == "":
		return errors.New("a folder is signed (and a registry begins with oci://): name a secret OpenPGP key with --key FILE or GRAFT_SIGN_KEY (gpg --armor --export-secret-keys NAME writes one)")
	case strings.HasPrefix(key, "-----BEGIN "):
		f.folder.Key = []byte(key)
	default:
		if f.folder.Key, err = a.readSmall(key); err != nil {
			return fmt.Errorf("read signing key: %w", err)
		}
	}
	f.folder.Passphrase = []byte(getenv(a.Env, "GRAFT_SIGN_PASSPHRASE"))
	if f.passphrase != "" {
		b, err := a.readSmall(f.passphrase)
		if err != nil {
			return fmt.Errorf("read passphrase: %w", err)
		}
		f.folder.Passphrase = []byte(strings.TrimRight(string(b), "\r\n"))
	}
	if f.date == "" {
		return nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if f.folder.Date, err = time.Parse(form, f.date); err == nil {
			return nil
		}
	}
	return fmt.Errorf("--date %s: want 2026-01-31 or 2026-01-31T12:00:00Z", f.date)
}

// readSmall reads a file that a flag names.
func (a *app) readSmall(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(a.Dir, name)
	}
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > 4<<20 {
		return nil, fmt.Errorf("%s: want a file of at most 4 MiB", name)
	}
	return os.ReadFile(name)
}

func (a *app) printFolder(res *graft.PublishedFolder) error {
	if a.json {
		return a.printJSON(res)
	}
	added := 0
	for _, file := range res.Files {
		if file.Added {
			added++
		}
		if _, err := fmt.Fprintln(a.Stdout, filepath.Join(res.Dir, filepath.FromSlash(file.Path))); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.Stderr, "%d of %d files added, signed with %s", added, len(res.Files), res.Key)
	if len(res.Packages) > 0 {
		noun := "packages"
		if len(res.Packages) == 1 {
			noun = "package"
		}
		fmt.Fprintf(a.Stderr, "; suite %s has %d %s", res.Suite, len(res.Packages), noun)
	}
	fmt.Fprintln(a.Stderr)
	if len(res.Packages) > 0 && res.Sources == "" {
		fmt.Fprintln(a.Stderr, "--url ADDRESS, where the folder is served, adds a file for apt's sources.list.d")
	}
	return nil
}

// getenv returns a variable of an environment list, the last of its name.
func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}
