package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	nfpmdeb "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

// Deb packs a Debian package: the program in /usr/bin, the licences of its Go modules in
// /usr/share/doc, and Depends on the packages that have its libraries.
type Deb struct{}

// DebOptions is what only a Debian package has.
type DebOptions struct {
	Section  string   // default "misc"
	Priority string   // default "optional"
	Depends  []string // beside the computed ones
}

// Kind returns "deb".
func (Deb) Kind() string { return "deb" }

// FileName returns image-server_1.0.0_armhf.deb, as dpkg-name has it.
func (Deb) FileName(in In) string {
	return debName(in.Meta.Name) + "_" + strings.TrimPrefix(in.Meta.Version, "v") + "_" + debArch(in) + ".deb"
}

// Pack writes the package.
func (Deb) Pack(ctx context.Context, in In, w io.Writer) error {
	if err := packDeb(ctx, in, w); err != nil {
		return fmt.Errorf("pack deb of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

func packDeb(ctx context.Context, in In, w io.Writer) error {
	if err := errors.Join(in.check(), checkDeb(in)); err != nil {
		return err
	}
	depends, err := Depends(in)
	if err != nil {
		return err
	}
	dir, remove, err := in.scratch()
	if err != nil {
		return err
	}
	defer remove()
	licences, _, err := Licences(in.Modules, nil, nil)
	if err != nil {
		return err
	}
	copyright := filepath.Join(dir, "copyright")
	if err := os.WriteFile(copyright, copyrightText(in.Meta, licences), 0o644); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return nfpmdeb.Default.Package(debInfo(in, depends, copyright), &ctxWriter{ctx, w})
}

// debInfo states everything: what nfpm finds empty it takes from the environment, the clock
// or the files' own times and modes.
func debInfo(in In, depends []string, copyright string) *nfpm.Info {
	name, at := debName(in.Meta.Name), in.time()
	content := func(source, destination string, mode fs.FileMode) *files.Content {
		return &files.Content{
			Source: source, Destination: destination,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: at},
		}
	}
	info := &nfpm.Info{
		Name: name, Version: strings.TrimPrefix(in.Meta.Version, "v"), VersionSchema: "none",
		Arch: debArch(in), Platform: "linux",
		Section: or(in.Deb.Section, "misc"), Priority: or(in.Deb.Priority, "optional"),
		Maintainer:      or(in.Meta.Maintainer, "Unknown maintainer <unknown@localhost>"),
		Homepage:        in.Meta.Homepage,
		Description:     or(strings.TrimSpace(in.Meta.Description), in.Meta.Name),
		MTime:           at,
		DisableGlobbing: true,
	}
	info.Depends = depends
	if _, ok := in.pkg(certificates); ok {
		info.Recommends = []string{certificates}
	}
	info.Contents = files.Contents{
		content(in.Program, "/usr/bin/"+in.Meta.Name, 0o755),
		content(copyright, "/usr/share/doc/"+name+"/copyright", 0o644),
	}
	info.Deb.Arch = info.Arch
	info.Deb.Compression = "gzip:6"
	return info
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// debArch is Debian's name of the processor.
func debArch(in In) string {
	if strings.HasPrefix(in.Target.Repo, "debian") && in.Target.Arch != "" {
		return in.Target.Arch
	}
	p := in.Target.Platform
	switch {
	case p.Arch == "arm" && p.Variant == "v5":
		return "armel"
	case p.Arch == "arm":
		return "armhf"
	}
	if name, ok := map[string]string{
		"386": "i386", "mipsle": "mipsel", "mips64le": "mips64el", "ppc64le": "ppc64el",
	}[p.Arch]; ok {
		return name
	}
	return p.Arch
}

// debName is a name as Debian packages may have it.
func debName(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// checkDeb knows what Debian policy says of names and versions (chapter 5.6).
func checkDeb(in In) error {
	const lower, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
	name, version := debName(in.Meta.Name), strings.TrimPrefix(in.Meta.Version, "v")
	if len(name) < 2 || !strings.Contains(lower+digits, name[:1]) || strings.Trim(name, lower+digits+"+-.") != "" {
		return fmt.Errorf("name %q: a Debian package's has two or more letters, digits and + - .", name)
	}
	if !strings.Contains(digits, version[:min(1, len(version))]) || version == "" || strings.Trim(version, lower+strings.ToUpper(lower)+digits+".+-~") != "" {
		return fmt.Errorf("version %q: a Debian package's starts with a digit and has letters, digits and . + - ~", version)
	}
	if in.Target.GOOS() != "linux" {
		return fmt.Errorf("target %s is no Linux", in.Target.Name)
	}
	for _, s := range append([]string{in.Deb.Section, in.Deb.Priority}, in.Deb.Depends...) {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("%q: want one line without control characters", s)
		}
	}
	return nil
}

// copyrightText is the copyright file of the package: the program's own licence and those
// of all modules it is compiled from.
func copyrightText(m Meta, licences []Licence) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", m.Name, m.Version)
	for _, f := range [][2]string{{"Homepage", m.Homepage}, {"License", m.License}} {
		if f[1] != "" {
			fmt.Fprintf(&b, "%s: %s\n", f[0], f[1])
		}
	}
	if len(licences) > 0 {
		b.WriteString("\nThe program is compiled from these Go modules. Their licences follow.\n\n")
		last := ""
		for _, l := range licences {
			if l.Of != last {
				fmt.Fprintf(&b, "  %s\n", l.Of)
				last = l.Of
			}
		}
	}
	for _, l := range licences {
		fmt.Fprintf(&b, "\n----- %s: %s -----\n\n%s\n", l.Of, l.Name[strings.LastIndexByte(l.Name, '/')+1:], strings.TrimRight(string(l.Content), "\n"))
	}
	return []byte(b.String())
}

// ctxWriter ends a long write when the context ends.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *ctxWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
