package toolchain

import (
	"context"
	"fmt"

	"github.com/graft-build/graft/digest"
)

// ZigFile is a file that the pinned zig is made of.
type ZigFile struct {
	Name   string // base name, for people
	SHA256 digest.Digest
	Path   string // where it is in the store
}

// FetchZigFiles downloads what the pinned zig is unpacked from, for those who unpack it
// themselves: its npm packages where this host has them, else its archive. nix/ takes the same.
func FetchZigFiles(ctx context.Context, c ZigConfig) ([]ZigFile, error) {
	c.fill()
	pin, ok := c.Release.pin(c.host())
	if !ok {
		return nil, fmt.Errorf("get zig %s: there is no pinned release for %s", c.Release.Version, c.host())
	}
	if len(pin.Packages) == 0 {
		blob, known := c.Store.Blob(pin.Archive.SHA256)
		if !known {
			var err error
			if blob, err = c.fetchArchive(ctx, pin); err != nil {
				return nil, err
			}
		}
		return []ZigFile{{pin.Archive.Name, pin.Archive.SHA256, blob}}, nil
	}
	blobs, err := c.fetchPackages(ctx, pin)
	if err != nil {
		return nil, err
	}
	out := make([]ZigFile, len(blobs))
	for i, p := range pin.Packages {
		out[i] = ZigFile{p.File.Name, p.File.SHA256, blobs[i]}
	}
	return out, nil
}
