package pack

import (
	"context"
	"fmt"
	"io"
	"path"
	"regexp"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/apk"

	"github.com/graft-build/graft/internal/format/elf"
)

// APK packs a package for Alpine Linux. Alpine's C library is musl: programs that are linked
// to Debian's libraries are refused. It has no systemd: units are left out.
type APK struct{}

// Kind returns "apk".
func (APK) Kind() string { return "apk" }

// FileName returns image-server-1.0.0-r0.armv7.apk; Alpine's own repositories have no
// processor in it, but a folder for each.
func (APK) FileName(in In) string {
	arch, _ := in.processor(apkProcessors) // Pack says it, and of the version too
	version, _ := apkVersion(in.Meta.Version)
	return in.Meta.Name + "-" + version + "-r0." + arch + ".apk"
}

// Note says that there is no service.
func (APK) Note(in In) string {
	if len(in.System.Services) == 0 {
		return ""
	}
	return "the apk has no service: Alpine has OpenRC, and graft makes systemd units"
}

// Pack writes the package.
func (APK) Pack(ctx context.Context, in In, w io.Writer) error {
	in.System.Services = nil
	err := packNfpm(ctx, in, w, apk.Default, func(info *nfpm.Info, f *elf.File, _ string) (err error) {
		if f.Interp != "" || len(f.Needed) > 0 {
			return fmt.Errorf("the program is linked to glibc (%s), and Alpine has musl: build for %s/musl, or without cgo", path.Base(or(f.Interp, "libc.so.6")), in.Target.Platform)
		}
		if info.Version, err = apkVersion(in.Meta.Version); err != nil {
			return err
		}
		info.Release = "0"
		info.Arch, err = in.processor(apkProcessors)
		info.APK.Arch = info.Arch
		return err
	})
	if err != nil {
		return fmt.Errorf("pack apk of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

// apkProcessors are Alpine's.
var apkProcessors = map[string]string{
	"amd64": "x86_64", "386": "x86", "arm64": "aarch64", "armv6": "armhf", "armv7": "armv7",
	"riscv64": "riscv64", "ppc64le": "ppc64le", "s390x": "s390x", "loong64": "loongarch64",
}

// apkForm takes a version apart: numbers, and what comes before a release.
var apkForm = regexp.MustCompile(`^v?([0-9]+(?:\.[0-9]+)*)(?:[-~](alpha|beta|pre|rc)?[.-]?([0-9]*)(?:\.g[0-9a-f]+)?)?$`)

// apkVersion is a version in apk's form, 1.2.0_rc1; the commit of a snapshot has no place there.
func apkVersion(version string) (string, error) {
	m := apkForm.FindStringSubmatch(version)
	if m == nil {
		return "0", fmt.Errorf("version %q: Alpine knows numbers with dots, and -alpha, -beta, -pre or -rc with a number after that", version)
	}
	if m[2] == "" && m[3] == "" {
		return m[1], nil
	}
	return m[1] + "_" + or(m[2], "pre") + m[3], nil
}
