package winsys

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// kept is what Load found out, as it is kept from one run to the next: it opens 2,700 files.
type kept struct {
	DLLs []string `json:"dlls"`
	Libs []string `json:"libs"`
}

// Keep returns what Load found out, for Restore.
func (s *System) Keep() ([]byte, error) {
	return json.Marshal(kept{slices.Sorted(maps.Keys(s.dlls)), slices.Sorted(maps.Keys(s.libs))})
}

// Restore is Load from what Keep returned for the same lib folder and processor.
func Restore(lib fs.FS, b []byte) (*System, error) {
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("read what is known of Windows: %w", err)
	}
	if len(k.DLLs) == 0 || len(k.Libs) == 0 {
		return nil, errors.New("read what is known of Windows: it is empty")
	}
	s := &System{lib: lib, dlls: make(map[string]bool, len(k.DLLs)), libs: make(map[string]bool, len(k.Libs))}
	for _, n := range k.DLLs {
		s.dlls[n] = true
	}
	for _, n := range k.Libs {
		s.libs[n] = true
	}
	return s, nil
}
