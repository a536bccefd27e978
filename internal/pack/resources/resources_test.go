package resources

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tc-hib/winres"

	"github.com/graft-build/graft/internal/format/pe"
)

// program compiles a small Windows program.
func program(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	src := filepath.Join(dir, "main.go")
	if err := os.WriteFile(src, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-buildid= -s -w", "-o", filepath.Join(dir, "a.exe"), src)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GO111MODULE=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "a.exe"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	for x := range 300 {
		img.SetNRGBA(x, x/2, color.NRGBA{uint8(x), 200, 3, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestApply(t *testing.T) {
	exe := program(t)
	r := Resources{
		Program: "a.exe", Name: "a", Version: "1.2.3-rc1", Description: "Says “hello”", Company: "Karl Koch", Copyright: "© Karl Koch", Icon: picture(t),
	}
	var one, two bytes.Buffer
	for _, b := range []*bytes.Buffer{&one, &two} {
		if err := r.Apply(b, bytes.NewReader(exe)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two runs differ")
	}
	before, err := pe.Read(bytes.NewReader(exe), int64(len(exe)))
	if err != nil {
		t.Fatal(err)
	}
	after, err := pe.Read(bytes.NewReader(one.Bytes()), int64(one.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(before.DLLs(), " ") != strings.Join(after.DLLs(), " ") {
		t.Errorf("imports %q became %q", before.DLLs(), after.DLLs())
	}
	set, err := winres.LoadFromEXE(bytes.NewReader(one.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	icon, err := set.GetIcon(winres.Name("APPICON"))
	if err != nil {
		t.Fatal(err)
	}
	var ico bytes.Buffer
	if err := icon.SaveICO(&ico); err != nil {
		t.Fatal(err)
	}
	// An .ico is taken as well.
	r.Icon, r.Manifest = ico.Bytes(), []byte(`<?xml version="1.0"?><assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0"></assembly>`)
	if err := r.Apply(&two, bytes.NewReader(exe)); err != nil {
		t.Fatal(err)
	}
}

func TestApplyRefuses(t *testing.T) {
	exe := program(t)
	huge := append([]byte{0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0}, 0xff, 0xff, 0xff, 0x7f, 22, 0, 0, 0)
	for name, r := range map[string]Resources{
		"add icon: it is neither":      {Version: "1", Icon: []byte("GIF89a")},
		"ends behind the end":          {Version: "1", Icon: huge},
		"add application manifest":     {Version: "1", Manifest: []byte("<assembly")},
		"add version information":      {Version: "70000.1"},
		"add icon: it holds 0 images":  {Version: "1", Icon: []byte{0, 0, 1, 0, 0, 0}},
		"add icon: unexpected EOF":     {Version: "1", Icon: []byte("\x89PNG\r\n\x1a\n")},
		"add icon: it holds 65535 ima": {Version: "1", Icon: []byte{0, 0, 1, 0, 0xff, 0xff}},
	} {
		err := r.Apply(&bytes.Buffer{}, bytes.NewReader(exe))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
	if err := (Resources{Version: "1"}).Apply(&bytes.Buffer{}, strings.NewReader("MZ")); err == nil {
		t.Error("no program: accepted")
	}
}

func TestBinaryVersion(t *testing.T) {
	for in, want := range map[string][4]uint16{
		"1.2.3": {1, 2, 3}, "1.0.0-rc.1": {1, 0, 0}, "2024.5+x": {2024, 5}, "1.2.3.4.5": {1, 2, 3, 4}, "1.x": {1}, "": {},
	} {
		if got, err := binaryVersion(in); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}
