package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// state says how far a program came on a target.
type state string

const (
	started state = "started" // it ran and gave the answer that it should
	built   state = "built"   // it was compiled and linked, and its libraries found; the answer was not the right one
	missing state = "missing" // the packages at hand lack what it needs
	failed  state = "failed"  // it was not built
)

// result is what came of one program on one target.
type result struct {
	State   state
	Error   string  `json:",omitempty"` // why it is not more
	Says    string  `json:",omitempty"` // what the program said
	Sources string  // digest of the program's folder
	Stand   bool    `json:",omitempty"` // the packages were those of the stand-in for MSYS2
	Day     string  // when it was tried
	Seconds float64 // how long it took, which says more about what was cached than about graft
}

// results are kept in a folder: one file for each program and target.
type results struct{ dir string }

func openResults() (*results, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "graft-test", "compat")
	return &results{dir}, os.MkdirAll(dir, 0o755)
}

func (r *results) file(name, target string) string {
	return filepath.Join(r.dir, name+"@"+strings.ReplaceAll(target, "/", "-")+".json")
}

// get returns a kept result.
func (r *results) get(name, target string) (result, bool) {
	var out result
	b, err := os.ReadFile(r.file(name, target))
	return out, err == nil && json.Unmarshal(b, &out) == nil
}

// put keeps a result.
func (r *results) put(name, target string, res result) error {
	b, err := json.MarshalIndent(res, "", "\t")
	if err != nil {
		return err
	}
	file := r.file(name, target)
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep result: %w", err)
	}
	return os.Rename(file+".new", file)
}
