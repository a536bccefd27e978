package attest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Envelope is a signed text, by DSSE 1.0:
// https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. It has at least one signature.
type Envelope struct {
	PayloadType string
	Payload     []byte
	Signatures  []Signature
}

// Signature is that of one key.
type Signature struct {
	KeyID string
	Sig   []byte
}

// PAE is what signatures are made of: the type and the text with their lengths.
func PAE(payloadType string, payload []byte) []byte {
	b := []byte("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(payload)) + " ")
	return append(b, payload...)
}

// jsonEnvelope is an Envelope's JSON form.
type jsonEnvelope struct {
	PayloadType string          `json:"payloadType"`
	Payload     string          `json:"payload"`
	Signatures  []jsonSignature `json:"signatures"`
}

type jsonSignature struct {
	KeyID string `json:"keyid,omitempty"`
	Sig   string `json:"sig"`
}

// MarshalJSON writes the JSON form.
func (e Envelope) MarshalJSON() ([]byte, error) {
	out := jsonEnvelope{PayloadType: e.PayloadType, Payload: base64.StdEncoding.EncodeToString(e.Payload)}
	for _, s := range e.Signatures {
		out.Signatures = append(out.Signatures, jsonSignature{s.KeyID, base64.StdEncoding.EncodeToString(s.Sig)})
	}
	return json.Marshal(out)
}

// maxSignatures is how many signatures of an envelope are looked at.
const maxSignatures = 100

// ParseEnvelope reads the JSON form. The specification lets base64 be either of its two kinds.
func ParseEnvelope(b []byte) (*Envelope, error) {
	var in jsonEnvelope
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("read envelope: %w", err)
	}
	if len(in.Signatures) == 0 || len(in.Signatures) > maxSignatures {
		return nil, fmt.Errorf("read envelope: it has %d signatures", len(in.Signatures))
	}
	e := &Envelope{PayloadType: in.PayloadType}
	var err error
	if e.Payload, err = anyBase64(in.Payload); err != nil {
		return nil, fmt.Errorf("read envelope: payload: %w", err)
	}
	for _, s := range in.Signatures {
		sig, err := anyBase64(s.Sig)
		if err != nil {
			return nil, fmt.Errorf("read envelope: signature: %w", err)
		}
		e.Signatures = append(e.Signatures, Signature{s.KeyID, sig})
	}
	return e, nil
}

func anyBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		b, err = base64.URLEncoding.DecodeString(s)
	}
	return b, err
}

// ErrSignature is an envelope without a signature by the key that was asked for.
var ErrSignature = errors.New("no signature in it is by that key, or it was changed since it was signed")

// Verify says whether one of the signatures is by a key. What an envelope says of its keys
// is not believed.
func (e *Envelope) Verify(key *Verifier) error {
	text := PAE(e.PayloadType, e.Payload)
	for _, s := range e.Signatures {
		if key.verify(text, s.Sig) {
			return nil
		}
	}
	return ErrSignature
}
