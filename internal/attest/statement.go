// Package attest states where artifacts come from: an in-toto statement with a SLSA provenance
// predicate, in a DSSE envelope when it is signed. A file of them has one a line. The facade
// fills statements when artifacts were packed, and verify reads them.
package attest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Types of statements and predicates, by
// https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and https://slsa.dev/spec/v1.1/provenance.
const (
	StatementType  = "https://in-toto.io/Statement/v1"
	ProvenanceType = "https://slsa.dev/provenance/v1"
	PayloadType    = "application/vnd.in-toto+json"
)

// Statement says something about artifacts.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Provenance `json:"predicate"`
}

// Resource is a file, a package, a tool.
type Resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"` // hexadecimal digits by algorithm
	Location    string            `json:"downloadLocation,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Provenance is how artifacts were built.
type Provenance struct {
	Definition Definition `json:"buildDefinition"`
	Run        Run        `json:"runDetails"`
}

// Definition is what was built of what: the same wherever it is built.
type Definition struct {
	Type         string         `json:"buildType"`
	External     map[string]any `json:"externalParameters"`
	Internal     map[string]any `json:"internalParameters,omitempty"`
	Dependencies []Resource     `json:"resolvedDependencies"`
}

// Run is by whom it was built.
type Run struct {
	Builder Builder `json:"builder"`
}

// Builder is graft.
type Builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

// maxLine is the longest line that is read, in bytes; maxLines how many.
const (
	maxLine  = 16 << 20
	maxLines = 1000
)

// Line is one line of a file: a statement, with the envelope that it was in.
type Line struct {
	Statement Statement
	Payload   []byte    // the statement's text
	Envelope  *Envelope // nil for a statement that is not signed
}

// Encode returns the line of a statement, signed when there is a signer.
func Encode(s Statement, by *Signer) ([]byte, error) {
	s.Type, s.PredicateType = StatementType, ProvenanceType
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("write provenance: %w", err)
	}
	if by == nil {
		return b.Bytes(), nil
	}
	env, err := by.Sign(PayloadType, bytes.TrimSpace(b.Bytes()))
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(env)
	if err != nil {
		return nil, fmt.Errorf("write provenance: %w", err)
	}
	return append(line, '\n'), nil
}

// Decode reads a file of statements and envelopes.
func Decode(b []byte) ([]Line, error) {
	var out []Line
	for n := 1; len(b) > 0; n++ {
		var text []byte
		text, b, _ = bytes.Cut(b, []byte("\n"))
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if len(text) > maxLine || n > maxLines {
			return nil, fmt.Errorf("read provenance: line %d: it is too long", n)
		}
		l, err := decodeLine(text)
		if err != nil {
			return nil, fmt.Errorf("read provenance: line %d: %w", n, err)
		}
		out = append(out, l)
	}
	return out, nil
}

func decodeLine(text []byte) (Line, error) {
	var kind struct {
		Payload *string `json:"payload"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return Line{}, err
	}
	l := Line{Payload: text}
	if kind.Payload != nil {
		env, err := ParseEnvelope(text)
		if err != nil {
			return l, err
		}
		if env.PayloadType != PayloadType {
			return l, fmt.Errorf("the envelope holds %q, want %s", env.PayloadType, PayloadType)
		}
		l.Envelope, l.Payload = env, env.Payload
	}
	if err := json.Unmarshal(l.Payload, &l.Statement); err != nil {
		return l, err
	}
	if l.Statement.Type != StatementType || l.Statement.PredicateType != ProvenanceType {
		return l, fmt.Errorf("it is %q of %q, want %s of %s", l.Statement.Type, l.Statement.PredicateType, StatementType, ProvenanceType)
	}
	return l, nil
}
