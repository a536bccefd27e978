package pkgconfig

import "embed"

// Source is this package's source. A kit's key has its digest.
//
//go:embed *.go
var Source embed.FS
