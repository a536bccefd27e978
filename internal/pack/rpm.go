package pack

import (
	"context"
	stdelf "debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"

	"github.com/graft-build/graft/internal/format/elf"
)

// RPM packs a package for Fedora, openSUSE and their relatives: the files of In.installed, what
// the program is linked to as rpm's own generator of dependencies names it, and scripts for
// its services.
type RPM struct{}

// Kind returns "rpm".
func (RPM) Kind() string { return "rpm" }

// FileName returns image-server-1.0.0-1.armv7hl.rpm.
func (RPM) FileName(in In) string {
	arch, _ := in.processor(rpmProcessors) // Pack says it
	return in.Meta.Name + "-" + rpmVersion(in.Meta.Version) + "-1." + arch + ".rpm"
}

// Pack writes the package.
func (RPM) Pack(ctx context.Context, in In, w io.Writer) error {
	err := packNfpm(ctx, in, w, rpm.DefaultRPM, func(info *nfpm.Info, f *elf.File, dir string) error { return rpmInfo(in, info, f, dir) })
	if err != nil {
		return fmt.Errorf("pack rpm of %s for %s: %w", in.Meta.Name, in.Target.Name, err)
	}
	return nil
}

// rpmProcessors are those of rpm's own list, /usr/lib/rpm/rpmrc.
var rpmProcessors = map[string]string{
	"amd64": "x86_64", "386": "i686", "arm64": "aarch64", "armv5": "armv5tel", "armv6": "armv6hl", "armv7": "armv7hl",
	"riscv64": "riscv64", "ppc64le": "ppc64le", "ppc64": "ppc64", "s390x": "s390x", "loong64": "loongarch64",
	"mips": "mips", "mipsle": "mipsel", "mips64": "mips64", "mips64le": "mips64el",
}

// rpmVersion has ~ where semantic versions have the - of what comes before a release; rpm
// separates the release with a -.
func rpmVersion(version string) string {
	return strings.ReplaceAll(strings.TrimPrefix(version, "v"), "-", "~")
}

func rpmInfo(in In, info *nfpm.Info, f *elf.File, dir string) (err error) {
	if info.Arch, err = in.processor(rpmProcessors); err != nil {
		return err
	}
	info.Version, info.Release = rpmVersion(in.Meta.Version), "1"
	info.RPM.Arch, info.RPM.Summary, info.Description = info.Arch, info.Description, extended(in)
	info.RPM.BuildHost, info.RPM.Compression = "graft", "gzip:6"
	info.Depends = rpmRequires(f)
	if _, ok := in.pkg(certificates); ok {
		info.Recommends = []string{certificates}
	}
	for _, c := range info.Contents {
		switch {
		case c.Type == files.TypeConfig:
			c.Type = files.TypeConfigNoReplace // the administrator's stays, as with deb
		case c.Destination == licencePlace(in):
			c.Type = files.TypeRPMLicense
		}
	}
	scripts := rpmScripts(in.System.Services)
	if len(scripts) > 0 {
		info.Depends = append(info.Depends, "/bin/sh")
	}
	for name, at := range map[string]*string{
		"post": &info.Scripts.PostInstall, "preun": &info.Scripts.PreRemove, "postun": &info.Scripts.PostRemove,
	} {
		if scripts[name] == "" {
			continue
		}
		*at = filepath.Join(dir, name)
		if err := os.WriteFile(*at, []byte(scripts[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// rpmRequires is what a program needs as rpm's elfdeps says it: each library, each of its
// symbol versions, and a loader that reads the hash table, marked when they are of 64 bits.
func rpmRequires(f *elf.File) []string {
	mark := ""
	if f.Is64() {
		mark = "(64bit)"
	}
	var out []string
	add := func(library, version string) {
		if version != "" || mark != "" {
			library += "(" + version + ")" + mark
		}
		out = append(out, library)
	}
	for _, name := range f.Needed {
		add(name, "")
	}
	for _, v := range f.Requires {
		add(v.Library, v.Name)
	}
	_, old := f.Tag(stdelf.DT_HASH)
	if _, gnu := f.Tag(stdelf.DT_GNU_HASH); gnu && !old {
		out = append(out, "rtld(GNU_HASH)")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rpmScripts do what the macros %systemd_post, %systemd_preun and %systemd_postun_with_restart
// expand to, in the form that all versions of systemd since 2013 know. Whether a service is
// enabled is the preset's, and so the administrator's, decision.
func rpmScripts(services []Service) map[string]string {
	if len(services) == 0 {
		return nil
	}
	var units, users []string
	for _, s := range services {
		units = append(units, s.unit())
		if s.sysusers() {
			users = append(users, s.Name+".conf")
		}
	}
	all := strings.Join(units, " ")
	sysusers := ""
	if len(users) > 0 {
		sysusers = "systemd-sysusers " + strings.Join(users, " ") + " >/dev/null 2>&1 || :\n"
	}
	return map[string]string{
		"post": sysusers + `if [ "$1" -eq 1 ]; then
	systemctl --no-reload preset ` + all + ` >/dev/null 2>&1 || :
fi
systemctl daemon-reload >/dev/null 2>&1 || :
`,
		"preun": `if [ "$1" -eq 0 ]; then
	systemctl --no-reload disable --now ` + all + ` >/dev/null 2>&1 || :
fi
`,
		"postun": `systemctl daemon-reload >/dev/null 2>&1 || :
if [ "$1" -ge 1 ]; then
	systemctl try-restart ` + all + ` >/dev/null 2>&1 || :
fi
`,
	}
}
