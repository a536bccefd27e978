package pack

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
)

// installedFolder has two files a package, as distroless images have them: its control file,
// and the checksums of its files as NAME.md5sums. Syft, grype and trivy know it; the files
// of dpkg itself would be shared by all packages, and so by all layers.
const installedFolder = "var/lib/dpkg/status.d/"

// status records the package for programs that look for known vulnerabilities in images.
func (b *unpacked) status() error {
	name := path.Base(b.p.Package)
	if name != b.p.Package || !fileName(name) {
		return nil
	}
	root, err := os.OpenRoot(b.p.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	control, err := readLimited(root, "control/control")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	b.t.bytes(installedFolder+name, control)
	sums, err := readLimited(root, "control/md5sums")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		b.t.bytes(installedFolder+name+".md5sums", b.present(sums))
	}
	return err
}

// present keeps the checksums of files that are in the image, by their place there.
func (b *unpacked) present(sums []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(sums) {
		sum, name, ok := strings.Cut(strings.TrimRight(string(line), "\n"), "  ")
		if name = merged(path.Clean(name)); ok && b.t.has(name) {
			out.WriteString(sum + "  " + name + "\n")
		}
	}
	return out.Bytes()
}
