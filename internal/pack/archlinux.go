package pack

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/arch"

	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/format/elf"
)

// ArchLinux packs a package for pacman on Arch Linux. Units and their users are the affair
// of systemd's own hooks there, so that it has no scripts.
type ArchLinux struct{}

// Kind returns "archlinux".
func (ArchLinux) Kind() string { return "archlinux" }

// FileName returns image-server-1.0.0-1-armv7h.pkg.tar.zst.
func (ArchLinux) FileName(in In) string {
	arch, _ := in.processor(archProcessors) // Pack says it
	return strings.ToLower(in.Meta.Name) + "-" + archVersion(in.Meta.Version) + "-1-" + arch + ".pkg.tar.zst"
}

// Pack writes the package.
func (ArchLinux) Pack(ctx context.Context, in In, w io.Writer) error {
	err := packNfpm(ctx, in, w, arch.Default, func(info *nfpm.Info, f *elf.File, _ string) (err error) {
		info.Name, info.Version, info.Release = strings.ToLower(in.Meta.Name), archVersion(in.Meta.Version), "1"
		info.Depends = archDepends(f)
		info.ArchLinux.Packager = info.Maintainer
		info.Arch, err = in.processor(archProcessors)
		info.ArchLinux.Arch = info.Arch
		return err
	})
	if err != nil {
		return fmt.Errorf("pack archlinux of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

// archProcessors are those of Arch Linux and its ports.
var archProcessors = map[string]string{
	"amd64": "x86_64", "386": "i686", "arm64": "aarch64", "armv6": "armv6h", "armv7": "armv7h", "riscv64": "riscv64", "loong64": "loong64",
}

// archVersion has nothing where ~ or - introduces what comes before a release, if that begins
// with a letter: 1.0rc1 is before 1.0 for pacman's vercmp. A number gets "pre" in front.
func archVersion(version string) string {
	version = strings.TrimPrefix(version, "v")
	i := strings.IndexAny(version, "~-")
	if i < 0 {
		return version
	}
	rest := strings.NewReplacer("~", "_", "-", "_").Replace(version[i+1:])
	if rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		rest = "pre" + rest
	}
	return version[:i] + rest
}

// archBase are the libraries whose packages state no sonames: glibc's and the compiler's.
var archBase = map[string]string{
	"libc.so.6": "glibc", "libm.so.6": "glibc", "libpthread.so.0": "glibc", "libdl.so.2": "glibc", "librt.so.1": "glibc",
	"libresolv.so.2": "glibc", "libutil.so.1": "glibc", "libanl.so.1": "glibc", "libmvec.so.1": "glibc",
	"libgcc_s.so.1": "gcc-libs", "libstdc++.so.6": "gcc-libs", "libgomp.so.1": "gcc-libs", "libatomic.so.1": "gcc-libs", "libquadmath.so.0": "gcc-libs",
}

// archDepends is what a program needs as makepkg would write it: libcairo.so=2-64 for
// libcairo.so.2 of 64 bits, which pacman looks for among what packages provide, and glibc in
// the newest version whose symbols are asked for.
func archDepends(f *elf.File) []string {
	bits := "32"
	if f.Is64() {
		bits = "64"
	}
	var out []string
	for _, name := range f.Needed {
		stem, version, ok := strings.Cut(name, ".so.")
		switch base := archBase[name]; {
		case base == "glibc", strings.HasPrefix(name, "ld-"):
			out = append(out, atLeastGlibc(f))
		case base != "":
			out = append(out, base)
		case ok:
			out = append(out, stem+".so="+version+"-"+bits)
		default:
			out = append(out, name) // a library without a version is its package's own name
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// atLeastGlibc is the newest version of glibc that symbols are asked of.
func atLeastGlibc(f *elf.File) string {
	var newest debver.Version
	for _, v := range f.Requires {
		text, ok := strings.CutPrefix(v.Name, "GLIBC_")
		if !ok {
			continue
		}
		if n, err := debver.Parse(text); err == nil && n.Compare(newest) > 0 {
			newest = n
		}
	}
	if newest.String() == "" {
		return "glibc"
	}
	return "glibc>=" + newest.String()
}
