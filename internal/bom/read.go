package bom

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// About is what a document of this package says of its artifact.
type About struct {
	Format     string
	File       string
	SHA256     string
	Components int // beside the artifact
}

// Read reads the beginning of a document of either format: which artifact it is about. It must
// be one that this package wrote, byte for byte: its number is that of its content.
func Read(b []byte) (About, error) {
	var doc struct {
		BOMFormat string `json:"bomFormat"`
		Serial    string `json:"serialNumber"`
		Metadata  struct {
			Component struct {
				Hashes     []struct{ Alg, Content string }
				Properties []Property
			}
		}
		Components []json.RawMessage
		SPDX       string `json:"spdxVersion"`
		Namespace  string `json:"documentNamespace"`
		Packages   []spdxPackage
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return About{}, err
	}
	number, empty := doc.Serial, fmt.Sprintf("  \"serialNumber\": %q,\n", doc.Serial)
	out := About{Format: "cyclonedx", Components: len(doc.Components)}
	switch {
	case doc.BOMFormat == "CycloneDX":
		for _, h := range doc.Metadata.Component.Hashes {
			if h.Alg == "SHA-256" {
				out.SHA256 = h.Content
			}
		}
		for _, p := range doc.Metadata.Component.Properties {
			if p.Name == "graft:file" {
				out.File = p.Value
			}
		}
		b = []byte(strings.Replace(string(b), empty, "", 1))
	case doc.SPDX != "" && len(doc.Packages) > 0 && len(doc.Packages[0].Checksums) > 0:
		out.Format, out.Components = "spdx", len(doc.Packages)-1
		out.File, out.SHA256 = doc.Packages[0].File, doc.Packages[0].Checksums[0].Value
		number = doc.Namespace
		b = []byte(strings.Replace(string(b), fmt.Sprintf("%q", number), `""`, 1))
	default:
		return About{}, errors.New("it is neither CycloneDX nor SPDX")
	}
	if number == "" || !strings.HasSuffix(number, uuid(b)) {
		return About{}, errors.New("it was changed since it was written: its number is not that of its content")
	}
	return out, nil
}
