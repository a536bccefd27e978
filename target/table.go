package target

var table = []Target{
	{
		Name: "linux/amd64", Platform: Platform{OS: "linux", Arch: "amd64"},
		ABI:  ABI{Zig: "x86_64-linux-gnu", Triplet: "x86_64-linux-gnu", Libc: "glibc", Loader: "/lib64/ld-linux-x86-64.so.2"},
		Repo: "debian-bookworm", Arch: "amd64", Formats: []string{"tar.gz", "deb"}, Emulator: "qemu-x86_64",
	},
	{
		Name: "linux/arm64", Platform: Platform{OS: "linux", Arch: "arm64"},
		ABI:  ABI{Zig: "aarch64-linux-gnu", Triplet: "aarch64-linux-gnu", Libc: "glibc", Loader: "/lib/ld-linux-aarch64.so.1"},
		Repo: "debian-bookworm", Arch: "arm64", Formats: []string{"tar.gz", "deb"}, Emulator: "qemu-aarch64",
	},
	{
		Name: "linux/arm/v7", Platform: Platform{OS: "linux", Arch: "arm", Variant: "v7"}, GoEnv: []string{"GOARM=7"},
		ABI:  ABI{Zig: "arm-linux-gnueabihf", CPU: "generic+v7a+vfp3d16+thumb2", Triplet: "arm-linux-gnueabihf", Libc: "glibc", Loader: "/lib/ld-linux-armhf.so.3"},
		Repo: "debian-bookworm", Arch: "armhf", Formats: []string{"tar.gz", "deb"}, Emulator: "qemu-arm",
	},
	{
		Name: "linux/riscv64", Platform: Platform{OS: "linux", Arch: "riscv64"},
		ABI:  ABI{Zig: "riscv64-linux-gnu", Triplet: "riscv64-linux-gnu", Libc: "glibc", Loader: "/lib/ld-linux-riscv64-lp64d.so.1"},
		Repo: "debian-trixie", Arch: "riscv64", Formats: []string{"tar.gz", "deb"}, Emulator: "qemu-riscv64",
	},
	{
		Name: "rpi4", Aliases: []string{"rpi3", "rpi2"}, Platform: Platform{OS: "linux", Arch: "arm", Variant: "v7"}, GoEnv: []string{"GOARM=7"},
		ABI:  ABI{Zig: "arm-linux-gnueabihf", CPU: "generic+v7a+vfp3d16+thumb2", Triplet: "arm-linux-gnueabihf", Libc: "glibc", Loader: "/lib/ld-linux-armhf.so.3"},
		Repo: "debian-bookworm", Arch: "armhf", Formats: []string{"deb"}, Emulator: "qemu-arm",
	},
	{
		Name: "rpi4-64", Aliases: []string{"rpi5"}, Platform: Platform{OS: "linux", Arch: "arm64"},
		ABI:  ABI{Zig: "aarch64-linux-gnu", Triplet: "aarch64-linux-gnu", Libc: "glibc", Loader: "/lib/ld-linux-aarch64.so.1"},
		Repo: "debian-bookworm", Arch: "arm64", Formats: []string{"deb"}, Emulator: "qemu-aarch64",
	},
	{
		Name: "linux/amd64/musl", Platform: Platform{OS: "linux", Arch: "amd64"},
		ABI:     ABI{Zig: "x86_64-linux-musl", Triplet: "x86_64-linux-musl", Libc: "musl"},
		Formats: []string{"tar.gz"}, Emulator: "qemu-x86_64",
	},
	{
		Name: "linux/arm64/musl", Platform: Platform{OS: "linux", Arch: "arm64"},
		ABI:     ABI{Zig: "aarch64-linux-musl", Triplet: "aarch64-linux-musl", Libc: "musl"},
		Formats: []string{"tar.gz"}, Emulator: "qemu-aarch64",
	},
	{
		Name: "linux/arm/v7/musl", Platform: Platform{OS: "linux", Arch: "arm", Variant: "v7"}, GoEnv: []string{"GOARM=7"},
		ABI:     ABI{Zig: "arm-linux-musleabihf", CPU: "generic+v7a+vfp3d16+thumb2", Triplet: "arm-linux-musleabihf", Libc: "musl"},
		Formats: []string{"tar.gz"}, Emulator: "qemu-arm",
	},
	{
		Name: "linux/riscv64/musl", Platform: Platform{OS: "linux", Arch: "riscv64"},
		ABI:     ABI{Zig: "riscv64-linux-musl", Triplet: "riscv64-linux-musl", Libc: "musl"},
		Formats: []string{"tar.gz"}, Emulator: "qemu-riscv64",
	},
	{
		Name: "windows/amd64", Platform: Platform{OS: "windows", Arch: "amd64"},
		ABI:  ABI{Zig: "x86_64-windows-gnu", Triplet: "x86_64-w64-mingw32", Libc: "ucrt"},
		Repo: "msys2-clang64", Arch: "x86_64", Formats: []string{"zip"}, Emulator: "wine",
	},
	{
		Name: "windows/arm64", Platform: Platform{OS: "windows", Arch: "arm64"},
		ABI:  ABI{Zig: "aarch64-windows-gnu", Triplet: "aarch64-w64-mingw32", Libc: "ucrt"},
		Repo: "msys2-clangarm64", Arch: "aarch64", Formats: []string{"zip"}, Emulator: "wine",
	},
}

// pureGo lists the first-class and other ports of Go 1.26 that no preset serves: no C, no packages.
var pureGo = map[string]bool{
	"aix/ppc64": true, "android/arm64": true, "darwin/amd64": true, "darwin/arm64": true,
	"dragonfly/amd64": true, "freebsd/386": true, "freebsd/amd64": true, "freebsd/arm": true,
	"freebsd/arm64": true, "illumos/amd64": true, "js/wasm": true,
	"linux/386": true, "linux/loong64": true, "linux/mips": true, "linux/mips64": true,
	"linux/mips64le": true, "linux/mipsle": true, "linux/ppc64": true, "linux/ppc64le": true,
	"linux/s390x": true, "netbsd/386": true, "netbsd/amd64": true, "netbsd/arm": true,
	"netbsd/arm64": true, "openbsd/386": true, "openbsd/amd64": true, "openbsd/arm": true,
	"openbsd/arm64": true, "openbsd/ppc64": true, "openbsd/riscv64": true, "plan9/386": true,
	"plan9/amd64": true, "plan9/arm": true, "solaris/amd64": true, "wasip1/wasm": true,
	"windows/386": true,
}
