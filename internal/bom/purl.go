package bom

import (
	"cmp"
	"slices"
	"strings"
)

// Package URLs follow https://github.com/package-url/purl-spec.

// GoModule is the package URL of a module; version is "" for a folder. The standard library
// is "stdlib", as vulnerability databases name it.
func GoModule(path, version string) string {
	return purl("golang", strings.ToLower(path), version)
}

// Debian is the package URL of a Debian package. suite is the release's ("bookworm"),
// source the source package, "" when it has the same name.
func Debian(name, version, arch, suite, source string) string {
	return purl("deb", "debian/"+name, version, "arch", arch, "distro", suite, "upstream", source)
}

// MSYS2 is the package URL of a package of MSYS2, whose packages are pacman's. base is the
// repository's address.
func MSYS2(name, version, arch, base string) string {
	return purl("alpm", "msys/"+strings.ToLower(name), version, "arch", arch, "repository_url", base)
}

// Generic is the package URL of what belongs to no ecosystem.
func Generic(name, version string) string { return purl("generic", name, version) }

func purl(kind, name, version string, qualifiers ...string) string {
	var b strings.Builder
	b.WriteString("pkg:" + kind)
	for part := range strings.SplitSeq(name, "/") {
		b.WriteString("/" + escape(part))
	}
	if version != "" {
		b.WriteString("@" + escape(version))
	}
	var pairs []string
	for pair := range slices.Chunk(qualifiers, 2) {
		if pair[1] != "" {
			pairs = append(pairs, pair[0]+"="+escape(pair[1]))
		}
	}
	slices.SortFunc(pairs, func(a, b string) int { return cmp.Compare(a, b) })
	if len(pairs) > 0 {
		b.WriteString("?" + strings.Join(pairs, "&"))
	}
	return b.String()
}

// escape writes all but letters, digits, "-", ".", "_", "~" and ":" in percent.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~:", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
