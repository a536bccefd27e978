package pack

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// System is what the package of a system installs beside the program and what all artifacts
// have. It knows no format: deb, rpm, apk and pacman packages are made of the same.
type System struct {
	Files       []File
	Services    []Service
	Man         []byte            // manual page; nil is one made of what In says
	ManSection  int               // of Man, 1 to 9
	Completions map[string][]byte // by shell: bash, zsh, fish
	Plugins     []string          // "example.com/p v1.2.3", for people to read
}

// File is a file that a package installs.
type File struct {
	Path   string // absolute, clean, with slashes
	Source string // file with the content, or
	Data   []byte // the content itself
	Mode   uint32 // permissions
	Config bool   // the administrator may change it, and an upgrade keeps what he wrote: so it is with all below /etc
}

// Shells that completions can be for, and where each looks for those of NAME.
var completionPlaces = map[string]func(name string) string{
	"bash": func(name string) string { return "/usr/share/bash-completion/completions/" + name },
	"zsh":  func(name string) string { return "/usr/share/zsh/vendor-completions/_" + name },
	"fish": func(name string) string { return "/usr/share/fish/vendor_completions.d/" + name + ".fish" },
}

// installed are the files of a package of any format, by path: the program, those of the
// manifest, of its services, the manual page and the completions. Licences and changelogs are
// each format's own affair.
func (in In) installed() ([]File, error) {
	files := []File{{Path: "/usr/bin/" + in.Meta.Name, Source: in.Program, Mode: 0o755}}
	for _, f := range in.System.Files {
		f.Config = strings.HasPrefix(f.Path, "/etc/")
		files = append(files, f)
	}
	for _, s := range in.System.Services {
		own, err := s.files(in)
		if err != nil {
			return nil, err
		}
		files = append(files, own...)
	}
	man, err := in.manual()
	if err != nil {
		return nil, err
	}
	files = append(files, man)
	for shell, b := range in.System.Completions {
		place, ok := completionPlaces[shell]
		if !ok {
			return nil, fmt.Errorf("completions for %q: want bash, zsh or fish", shell)
		}
		files = append(files, File{Path: place(in.Meta.Name), Data: b, Mode: 0o644})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, checkFiles(files)
}

// checkFiles refuses places that a package can't have or has twice.
func checkFiles(files []File) error {
	for i, f := range files {
		if err := CheckPlace(f.Path); err != nil {
			return err
		}
		if f.Mode&^0o777 != 0 || f.Mode == 0 {
			return fmt.Errorf("file %s: mode %o", f.Path, f.Mode)
		}
		if i > 0 && files[i-1].Path == f.Path {
			return fmt.Errorf("two files for %s", f.Path)
		}
		if i > 0 && strings.HasPrefix(f.Path, files[i-1].Path+"/") {
			return fmt.Errorf("%s is a file, and a folder with %s", files[i-1].Path, f.Path)
		}
	}
	return nil
}

// CheckPlace says whether a package can have a file at an absolute path.
func CheckPlace(p string) error {
	if !path.IsAbs(p) || path.Clean(p) != p || p == "/" || len(p) > 1024 || strings.ContainsAny(p, "\\*?[]{}") || !printable(p) {
		return fmt.Errorf("file %q: want an absolute path with slashes and without .., *, ? and the like", p)
	}
	for _, own := range []string{"/proc/", "/sys/", "/dev/", "/run/", "/tmp/", "/DEBIAN/"} {
		if strings.HasPrefix(p+"/", own) {
			return fmt.Errorf("file %q: a package has no files in %s", p, strings.TrimSuffix(own, "/"))
		}
	}
	return nil
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// gzipped compresses documentation as Debian's policy asks for: small, and without a name or a
// time in the header.
func gzipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w.ModTime = time.Unix(0, 0) // which means none
	_, err = w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
