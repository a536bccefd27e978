package bom

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"

	"github.com/graft-build/graft/digest"
)

func example() BOM {
	sum := digest.OfString("x").Hex()
	return BOM{
		File: "app-1.0.0-rpi4.tar.gz",
		Artifact: Component{
			Ref: "artifact", Kind: Application, Name: "app", Version: "1.0.0", PURL: Generic("app", "1.0.0"), SHA256: sum,
			Licences: []string{"Apache-2.0"}, Use: Needed, Needs: []string{"b", "a"}, Properties: []Property{{"graft:target", "rpi4"}},
		},
		Parts: []Component{
			{Ref: "b", Kind: Library, Name: "libcairo2", Version: "1:1.16.0-7", PURL: Debian("libcairo2", "1:1.16.0-7", "armhf", "bookworm", "cairo"), SHA256: sum,
				Licences: []string{"LGPL-2.1", "somebody's <own> licence"}, Use: Needed, Needs: []string{"a"},
				Files: []Component{{Ref: "b#libcairo.so.2", Kind: File, Name: "libcairo.so.2", SHA256: sum}}},
			{Ref: "a", Kind: Library, Name: "example.com/m", Version: "v1.0.0+incompatible", PURL: GoModule("example.com/M", "v1.0.0+incompatible"), Use: Needed},
			{Ref: "c", Kind: Library, Name: "libx-dev", Version: "1", Use: Build},
		},
		Tools: []Component{{Ref: "zig", Kind: Application, Name: "zig", Version: "0.16.0"}, {Ref: "go", Kind: Application, Name: "go", Version: "1.26.8"}},
	}
}

func TestPackageURLs(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{GoModule("github.com/Masterminds/semver/v3", "v3.5.0"), "pkg:golang/github.com/masterminds/semver/v3@v3.5.0"},
		{GoModule("example.com/a", ""), "pkg:golang/example.com/a"},
		{GoModule("example.com/a", "v1.0.0+incompatible"), "pkg:golang/example.com/a@v1.0.0%2Bincompatible"},
		{Debian("libstdc++6", "12.2.0-14+deb12u1", "armhf", "bookworm", "gcc-12"), "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=armhf&distro=bookworm&upstream=gcc-12"},
		{MSYS2("mingw-w64-clang-x86_64-cairo", "1.18.4-4", "any", "https://example.com/clang64"), "pkg:alpm/msys/mingw-w64-clang-x86_64-cairo@1.18.4-4?arch=any&repository_url=https:%2F%2Fexample.com%2Fclang64"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s\nwant %s", tt.got, tt.want)
		}
	}
}

// schemas is the folder of the official schemas, which the module of cyclonedx-go holds.
func schemas(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "schema")
}

// TestCycloneDXSchema checks a document against the official schema.
func TestCycloneDXSchema(t *testing.T) {
	dir := schemas(t)
	c := jsonschema.NewCompiler()
	for name, file := range map[string]string{"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json"} {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	dated := example()
	dated.Time = time.Unix(1_700_000_000, 0)
	for _, b := range []BOM{example(), dated, {File: "x", Artifact: Component{Ref: "artifact", Kind: Image, Name: "x"}}} {
		text, err := CycloneDX(b)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if err := schema.Validate(map[string]any{"bomFormat": "CycloneDX"}); err == nil {
			t.Error("the schema takes anything")
		}
	}
}

func TestCycloneDX(t *testing.T) {
	text, err := CycloneDX(example())
	if err != nil {
		t.Fatal(err)
	}
	var doc cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc.Metadata.Timestamp != "" || !strings.HasPrefix(doc.SerialNumber, "urn:uuid:") {
		t.Errorf("time %q, number %q", doc.Metadata.Timestamp, doc.SerialNumber)
	}
	cairo := (*doc.Components)[1]
	if l := *cairo.Licenses; len(l) != 2 || l[0].License.ID != "LGPL-2.1-only" || l[1].License.Name != "somebody's <own> licence" {
		t.Errorf("licences: %+v", l)
	}
	if (*cairo.Components)[0].Name != "libcairo.so.2" {
		t.Errorf("files: %+v", cairo.Components)
	}
}

// TestSame: the order in which parts come is nothing, another digest is something.
func TestSame(t *testing.T) {
	for _, f := range Formats {
		one, err := f.Encode(example())
		if err != nil {
			t.Fatal(err)
		}
		b := example()
		b.Parts[0], b.Parts[2] = b.Parts[2], b.Parts[0]
		b.Artifact.Needs = []string{"a", "b"}
		if two, err := f.Encode(b); err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: %v: the order of parts shows", f.Name, err)
		}
		b.Parts[0].Version = "2"
		if three, err := f.Encode(b); err != nil || bytes.Equal(one, three) {
			t.Errorf("%s: %v: another version is the same document", f.Name, err)
		}
		b.Parts[0].Ref = "a"
		if _, err := f.Encode(b); err == nil {
			t.Errorf("%s: two components with one reference", f.Name)
		}
		b = example()
		b.Artifact.Needs = []string{"nobody"}
		if _, err := f.Encode(b); err == nil {
			t.Errorf("%s: something unknown is needed", f.Name)
		}
	}
}

// TestSPDX holds what the specification asks of every document: one that is described,
// references that are met, known fields.
func TestSPDX(t *testing.T) {
	text, err := SPDX(example())
	if err != nil {
		t.Fatal(err)
	}
	var doc spdxDocument
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{"SPDXRef-DOCUMENT": true}
	for _, p := range doc.Packages {
		if ids[p.ID] || p.Name == "" || p.Location == "" || p.Declared == "" {
			t.Errorf("package %+v", p)
		}
		ids[p.ID] = true
	}
	kinds := map[string]int{}
	for _, r := range doc.Relationships {
		if !ids[r.From] || !ids[r.To] {
			t.Errorf("%+v leads nowhere", r)
		}
		kinds[r.Type]++
	}
	if kinds["DESCRIBES"] != 1 || kinds["BUILD_TOOL_OF"] != 2 || kinds["CONTAINS"] != 1 || kinds["DEPENDS_ON"] != 3 || kinds["BUILD_DEPENDENCY_OF"] != 1 {
		t.Errorf("relationships: %v", kinds)
	}
	if len(doc.Licences) != 1 || !strings.Contains(string(text), "LGPL-2.1-only AND LicenseRef-") {
		t.Errorf("licences: %+v", doc.Licences)
	}
	if doc.Creation.Created != "1970-01-01T00:00:00Z" {
		t.Errorf("created %s", doc.Creation.Created)
	}
}

// TestRead: a document says which file it is about, and that it was changed.
func TestRead(t *testing.T) {
	b := example()
	b.Artifact.Properties = []Property{{"graft:file", b.File}}
	for _, f := range Formats {
		text, err := f.Encode(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(text)
		if err != nil || got.Format != f.Name || got.File != b.File || got.SHA256 != b.Artifact.SHA256 || got.Components < 3 {
			t.Errorf("%s: %v: %+v", f.Name, err, got)
		}
		changed := bytes.Replace(text, []byte("libcairo2"), []byte("libcairo3"), 1)
		if _, err := Read(changed); err == nil {
			t.Errorf("%s: a changed document is taken", f.Name)
		}
	}
	if _, err := Read([]byte("{}")); err == nil {
		t.Error("an empty object is taken for a document")
	}
}

func FuzzRead(f *testing.F) {
	for _, format := range Formats {
		text, err := format.Encode(example())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if about, err := Read(in); err == nil && about.Format == "" {
			t.Error("a document of no format")
		}
	})
}

// TestSPDXReader gives documents to the format's own library: it reads them, finds what relationships
// name, and writes the same again.
func TestSPDXReader(t *testing.T) {
	text, err := SPDX(example())
	if err != nil {
		t.Fatal(err)
	}
	var doc v2_3.Document
	if err := spdxjson.ReadInto(bytes.NewReader(text), &doc); err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(&doc); err != nil {
		t.Error(err)
	}
	if about, err := spdxlib.GetDescribedPackageIDs(&doc); err != nil || len(about) != 1 {
		t.Errorf("it is about %v, %v", about, err)
	}
	var again bytes.Buffer
	if err := spdxjson.Write(&doc, &again); err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if err := errors.Join(json.Unmarshal(text, &ours), json.Unmarshal(again.Bytes(), &theirs)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(ours, theirs); d != "" {
		t.Errorf("(-ours +theirs)\n%s", d)
	}
}
