package licence

import (
	"slices"
	"strings"
	"sync"

	"github.com/google/licensecheck"
)

// debianNames are short names of Debian's copyright format and of MSYS2's packages, in lower
// case, that SPDX has other identifiers for.
// https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-specification
var debianNames = map[string]string{
	"expat": "MIT", "apache-2": "Apache-2.0", "bsd-2": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "cc0": "CC0-1.0",
	"gpl-1": "GPL-1.0-only", "gpl-1+": "GPL-1.0-or-later", "gpl-2": "GPL-2.0-only", "gpl-2+": "GPL-2.0-or-later",
	"gpl-2.0": "GPL-2.0-only", "gpl-2.0+": "GPL-2.0-or-later", "gpl-3": "GPL-3.0-only", "gpl-3+": "GPL-3.0-or-later",
	"gpl-3.0": "GPL-3.0-only", "gpl-3.0+": "GPL-3.0-or-later",
	"lgpl-2": "LGPL-2.0-only", "lgpl-2+": "LGPL-2.0-or-later", "lgpl-2.0+": "LGPL-2.0-or-later",
	"lgpl-2.1": "LGPL-2.1-only", "lgpl-2.1+": "LGPL-2.1-or-later",
	"lgpl-3": "LGPL-3.0-only", "lgpl-3+": "LGPL-3.0-or-later", "lgpl-3.0+": "LGPL-3.0-or-later",
	"gfdl-niv-1.3": "GFDL-1.3-no-invariants-only", "libpng": "Libpng", "zlib/libpng": "Zlib", "openldap-2.8": "OLDAP-2.8",
}

// further are identifiers that the known texts lack.
var further = []string{"FTL", "curl", "Libpng", "IJG", "OLDAP-2.8", "FSFAP", "FSFULLR", "GFDL-1.3-no-invariants-only", "LGPL-2.0-only", "LGPL-2.0-or-later", "GPL-1.0-only", "GPL-1.0-or-later"}

// own are names of known texts that SPDX does not list.
var own = []string{"Aladdin-9", "Anti996", "BSD-1-Clause-Clear", "BSD-3-Clause-NoTrademark", "CC-BY-NC-SA-3.0-US", "CommonsClause", "GPL-2.0-or-3.0", "GooglePatentClause", "GooglePatentsFile", "MIT-NoAd", "Prosperity-3.0.0"}

var identifiers = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, l := range licensecheck.BuiltinLicenses() {
		if !slices.Contains(own, l.ID) {
			out[strings.ToLower(l.ID)] = l.ID
		}
	}
	for _, id := range further {
		out[strings.ToLower(id)] = id
	}
	for name, id := range debianNames {
		out[name] = id
	}
	return out
})

// SPDX returns the identifier of the SPDX licence list that a name of OfText or OfCopyright
// stands for; ok is false when it is not known to have one.
func SPDX(name string) (id string, ok bool) {
	id, ok = identifiers()[strings.ToLower(name)]
	return id, ok
}
