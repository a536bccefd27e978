package graft

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/attest"
	"github.com/graft-build/graft/internal/bom"
)

// CheckedSBOM is a bill of materials that is of the artifact beside it.
type CheckedSBOM struct {
	File       string        `json:"file"`
	Format     string        `json:"format"`
	Artifact   string        `json:"artifact"`
	SHA256     digest.Digest `json:"sha256"`
	Components int           `json:"components"`
}

// maxStatement is the largest bill of materials or file of provenance that is read, in bytes.
const maxStatement = 64 << 20

func readStatement(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxStatement+1))
	if err == nil && len(b) > maxStatement {
		err = fmt.Errorf("read %s: it has more than %d bytes", filepath.Base(name), maxStatement)
	}
	return b, err
}

// CheckSBOM checks that a bill of materials of graft's is well-formed and that the artifact
// beside it is the one that it is about. Otherwise the error is a *ChangedError.
func CheckSBOM(name string) (*CheckedSBOM, error) {
	b, err := readStatement(name)
	if err != nil {
		return nil, err
	}
	about, err := bom.Read(b)
	if err != nil {
		return nil, &ChangedError{fmt.Sprintf("verify %s: %v", filepath.Base(name), err)}
	}
	out := &CheckedSBOM{File: name, Format: about.Format, Artifact: about.File, Components: about.Components}
	if about.File == "" || filepath.Base(about.File) != about.File {
		return nil, &ChangedError{fmt.Sprintf("verify %s: it does not say which file it is about", filepath.Base(name))}
	}
	if out.SHA256, err = digest.Parse(about.SHA256); err != nil {
		return nil, &ChangedError{fmt.Sprintf("verify %s: %v", filepath.Base(name), err)}
	}
	return out, sameFile(filepath.Join(filepath.Dir(name), about.File), out.SHA256, filepath.Base(name))
}

// sameFile says whether a file is what a statement about it says.
func sameFile(name string, want digest.Digest, says string) error {
	got, _, err := digest.OfFile(name)
	if err != nil {
		return &ChangedError{fmt.Sprintf("verify %s: %v", says, plainError(filepath.Base(name), err))}
	}
	if got != want {
		return &ChangedError{fmt.Sprintf("verify %s: %s is another file: it has %s, not %s", says, filepath.Base(name), got, want)}
	}
	return nil
}

// CheckedSignature is provenance that is signed by a key, and fits the files beside it.
type CheckedSignature struct {
	File     string   `json:"file"`
	Subjects []string `json:"subjects"` // files whose content was checked
	Missing  []string `json:"missing"`  // files that are not beside it
}

// CheckSignature checks that every statement of a file of provenance is signed by a key, and
// that the files it speaks of which lie beside it are those. Otherwise the error is a *ChangedError.
func CheckSignature(name, key string) (*CheckedSignature, error) {
	k, err := readKey(key)
	var verifier *attest.Verifier
	if err == nil {
		verifier, err = attest.ParseVerifier(k)
	}
	if err != nil {
		return nil, &UsageError{fmt.Sprintf("verify with %s: %v", key, err)}
	}
	b, err := readStatement(name)
	if err != nil {
		return nil, err
	}
	says := filepath.Base(name)
	refuse := func(format string, args ...any) error {
		return &ChangedError{"verify " + says + ": " + fmt.Sprintf(format, args...)}
	}
	lines, err := attest.Decode(b)
	if err != nil || len(lines) == 0 {
		return nil, refuse("no provenance: %v", err)
	}
	out := &CheckedSignature{File: name, Subjects: []string{}, Missing: []string{}}
	for i, l := range lines {
		if l.Envelope == nil {
			return nil, refuse("line %d is not signed", i+1)
		}
		if err := l.Envelope.Verify(verifier); err != nil {
			return nil, refuse("line %d: %v", i+1, err)
		}
		for _, s := range l.Statement.Subject {
			d, err := digest.Parse(s.Digest["sha256"])
			if err != nil || s.Name == "" || filepath.Base(s.Name) != s.Name || strings.HasPrefix(s.Name, ".") {
				return nil, refuse("line %d: subject %q has no name or no SHA-256", i+1, s.Name)
			}
			file := filepath.Join(filepath.Dir(name), s.Name)
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				out.Missing = append(out.Missing, s.Name)
				continue
			}
			if err := sameFile(file, d, says); err != nil {
				return nil, err
			}
			out.Subjects = append(out.Subjects, s.Name)
		}
	}
	return out, nil
}
