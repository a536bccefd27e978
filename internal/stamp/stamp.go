// Package stamp is the record of a composition inside the program that was built of it. The
// facade writes one with every compilation, as the linker's value of a string variable
// (package compose declares it), so that no compiled package depends on it; Read finds it
// again in programs and in all kinds of artifacts that hold one.
//
// The notation is
//
//	graft:composition:1:<base64url of deflated JSON>.<16 hex digits of the SHA-256 of the base64>;
//
// which needs no quotes in linker flags and can be told from chance and from damage.
package stamp

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/graft-build/graft/digest"
)

// Stamp says what a program was composed of.
type Stamp struct {
	Graft    string        `json:"graft"`         // version of graft
	Name     string        `json:"name"`          // of the program
	Version  string        `json:"version"`       // of the artifacts
	Target   string        `json:"target"`        // "rpi4"
	Lock     digest.Digest `json:"lock"`          // of the part of graft.lock that concerns the target
	Go       string        `json:"go"`            // version of Go
	Zig      string        `json:"zig,omitempty"` // version of zig; "" when no C was compiled
	Tags     []string      `json:"tags,omitempty"`
	App      Part          `json:"application"`
	Plugins  []Part        `json:"plugins"`            // in the user's order
	Folders  []Part        `json:"folders,omitempty"`  // further modules that came from folders
	Packages []Package     `json:"packages,omitempty"` // of the target's distribution
}

// Part is the application, a plugin or another module.
type Part struct {
	Package string `json:"package"`           // import path
	Module  string `json:"module"`            // path of its module
	Version string `json:"version,omitempty"` // "" for a folder
	// Source is the digest of the files that were compiled of a folder's module.
	Source digest.Digest `json:"source,omitzero"`
}

// Package is a package of a distribution that the program was built with or runs with.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Build   bool   `json:"build,omitempty"`
	Run     bool   `json:"run,omitempty"`
}

const (
	magic      = "graft:composition:1:"
	maxEncoded = 256 << 10
	maxJSON    = 2 << 20
)

// Encode returns the notation of s. Equal stamps have equal notations.
func Encode(s Stamp) (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode stamp: %w", err)
	}
	var z bytes.Buffer
	w, err := flate.NewWriter(&z, flate.BestCompression)
	if err != nil {
		return "", fmt.Errorf("encode stamp: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return "", fmt.Errorf("encode stamp: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("encode stamp: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(z.Bytes())
	if len(b) > maxJSON || len(text) > maxEncoded {
		return "", fmt.Errorf("encode stamp: %d bytes are too many", len(text))
	}
	return magic + text + "." + sum(text) + ";", nil
}

func sum(text string) string { return digest.OfString(text).Hex()[:16] }

var errNone = errors.New("it is no stamp")

// decode reads the notation at the beginning of b.
func decode(b []byte) (*Stamp, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, errNone
	}
	end := bytes.IndexFunc(rest[:min(len(rest), maxEncoded+1)], func(r rune) bool { return !isBase64(r) })
	if end < 0 || len(rest) < end+18 || rest[end] != '.' || rest[end+17] != ';' {
		return nil, errNone
	}
	text := string(rest[:end])
	if string(rest[end+1:end+17]) != sum(text) {
		return nil, errNone
	}
	z, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errNone
	}
	j, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(z)), maxJSON+1))
	if err != nil || len(j) > maxJSON {
		return nil, errNone
	}
	var s Stamp
	if err := json.Unmarshal(j, &s); err != nil {
		return nil, errNone
	}
	return &s, nil
}

func isBase64(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_", r)
}
