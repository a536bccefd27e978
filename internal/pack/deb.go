package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	nfpmdeb "github.com/goreleaser/nfpm/v2/deb"
)

// Deb packs a Debian package: what In.installed lists, the licences of its Go modules in
// /usr/share/doc, scripts for its services, and Depends on the packages that have its
// libraries.
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
	return debName(in.Meta.Name) + "_" + debVersion(in) + "_" + debArch(in) + ".deb"
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
	licences, err := in.linkedLicences()
	if err != nil {
		return err
	}
	contents, err := debContents(in, licences)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := debInfo(in, depends, contents, dir)
	if err != nil {
		return err
	}
	return nfpmdeb.Default.Package(info, &ctxWriter{ctx, w})
}

// debContents are the files of the package, by path.
func debContents(in In, licences []Licence) ([]File, error) {
	out, err := in.installed()
	if err != nil {
		return nil, err
	}
	log, err := changelog(in)
	if err != nil {
		return nil, err
	}
	out = append(out, log, File{
		Path: "/usr/share/doc/" + debName(in.Meta.Name) + "/copyright", Data: copyrightText(in.Meta, licences, true), Mode: 0o644,
	})
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out, checkFiles(out)
}

// debInfo states everything: what nfpm finds empty it takes from the environment, the clock
// or the files' own times and modes. dir is for files that it reads.
func debInfo(in In, depends []string, contents []File, dir string) (*nfpm.Info, error) {
	info := &nfpm.Info{
		Name: debName(in.Meta.Name), Version: debVersion(in), VersionSchema: "none",
		Arch: debArch(in), Platform: "linux",
		Section: or(in.Deb.Section, "misc"), Priority: or(in.Deb.Priority, "optional"),
		Maintainer:      maintainer(in.Meta),
		Homepage:        in.Meta.Homepage,
		Description:     or(firstLine(in.Meta.Description), "application built with graft") + "\n" + extended(in),
		MTime:           in.date(),
		DisableGlobbing: true,
	}
	info.Depends = depends
	if _, ok := in.pkg(certificates); ok {
		info.Recommends = []string{certificates}
	}
	var err error
	if info.Contents, err = nfpmContents(contents, dir, in.date()); err != nil {
		return nil, err
	}
	scripts := debScripts(in.System.Services)
	for name, at := range map[string]*string{
		"postinst": &info.Scripts.PostInstall, "prerm": &info.Scripts.PreRemove, "postrm": &info.Scripts.PostRemove,
	} {
		if scripts[name] == "" {
			continue
		}
		*at = filepath.Join(dir, name)
		if err := os.WriteFile(*at, []byte(scripts[name]), 0o644); err != nil {
			return nil, err
		}
	}
	info.Deb.Arch = info.Arch
	info.Deb.Compression = "gzip:6"
	return info, nil
}

// debVersion has ~ where semantic versions have the - of what comes before a release (-rc.1), so that
// the release is newer. A - with a digit behind it begins a Debian revision, as these do.
func debVersion(in In) string {
	version := strings.TrimPrefix(in.Meta.Version, "v")
	release, rest, _ := strings.Cut(version, "-")
	if rest == "" || !letter(rest[0]) {
		return version
	}
	return release + "~" + rest
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func maintainer(m Meta) string {
	return or(m.Maintainer, "Unknown maintainer <unknown@localhost>")
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
	name, version := debName(in.Meta.Name), debVersion(in)
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
