package toolchain

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/format/pc"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/toolchain/shim"
	"github.com/graft-build/graft/target"
)

// KitConfig is what a kit is made of.
type KitConfig struct {
	Store         *store.Store
	Zig           Zig
	Target        target.Target // one with a C ABI
	Sysroot       string        // its folder, "" when the target has no packages
	Prefix        string        // folder in it that MSYS2's packages are in: "clang64"; "" for Debian's layout
	SysrootDigest digest.Digest
	LibcVersion   string // of the repository's C library, "2.36"; "" for zig's default
	Graft         string // this program's executable, which acts as the kit's tools
	Events        event.Sink
}

// Kit is the C toolchain of one target, ready for the go command.
type Kit struct {
	Dir    string        // has the digest in its name: Go's cache sees nothing else of a compiler
	Digest digest.Digest // of all that decides what the tools produce; the same in every store
	Spec   shim.Spec     // with absolute paths
	Target target.Target
}

// Prepare makes the kit of a target, and compiles what zig needs of the target's C library
// so that the go command's many compilers find it done.
func Prepare(ctx context.Context, c KitConfig) (Kit, error) {
	kit, err := c.prepare(ctx)
	if err != nil {
		return Kit{}, fmt.Errorf("make C toolchain for %s: %w", c.Target.Name, err)
	}
	if err := kit.warm(ctx, c); err != nil {
		return Kit{}, fmt.Errorf("warm C toolchain for %s: %w", c.Target.Name, err)
	}
	return kit, nil
}

func (c *KitConfig) prepare(ctx context.Context) (Kit, error) {
	if !c.Target.Cgo() {
		return Kit{}, fmt.Errorf("target %s is built without C", c.Target.Name)
	}
	spec, err := c.spec()
	if err != nil {
		return Kit{}, err
	}
	// Two keys: what the tools do, and with that where zig lies when it is not in the store,
	// because the kit's folder names that place.
	content := c.content(spec)
	place := digest.NewKey("kit-place/1").AddDigest("content", content)
	if c.Zig.External {
		place.Add("zig", c.Zig.Exe, c.Zig.Lib)
	}
	if c.Sysroot != "" && !within(c.Sysroot, c.Store.Dir()) {
		place.Add("sysroot", c.Sysroot)
	}
	key := place.Digest()
	dir := c.Store.TreePath("kit", key)
	if spec, err = relative(spec, c.Store.Dir(), dir); err != nil {
		return Kit{}, err
	}
	dir, _, err = c.Store.Tree(ctx, "kit", key, func(ctx context.Context, dir string) error {
		return writeKit(dir, spec, c.Graft)
	})
	if err != nil {
		return Kit{}, err
	}
	loaded, err := shim.Load(dir)
	if err != nil {
		return Kit{}, err
	}
	if err := markUsed(loaded.Cache); err != nil {
		return Kit{}, err
	}
	return Kit{Dir: dir, Digest: content, Spec: *loaded, Target: c.Target}, nil
}

// content is the digest of all that decides what the tools of a kit produce, and of nothing
// that only says where they are.
func (c *KitConfig) content(s shim.Spec) digest.Digest {
	s.Zig, s.Lib, s.Cache, s.Sysroot = "", "", "", ""
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a Spec is plain data
	}
	return digest.NewKey("kit/1").
		AddDigest("tools", shim.Revision()).
		AddDigest("zig", c.Zig.Digest).
		AddDigest("sysroot", c.SysrootDigest).
		Add("spec", string(b)).
		Digest()
}

func (c *KitConfig) spec() (shim.Spec, error) {
	t := c.Target
	s := shim.Spec{
		Version: shim.SpecVersion, OS: t.GOOS(), Arch: t.GOARCH(),
		Zig: c.Zig.Exe, Lib: c.Zig.Lib, Cache: c.cache(), Sysroot: c.Sysroot,
		Target: t.ABI.Zig, CPU: t.ABI.CPU, Triplet: t.ABI.Triplet, Libc: t.ABI.Libc, Loader: t.ABI.Loader,
	}
	if t.ABI.Libc == "glibc" && c.LibcVersion != "" {
		if !validVersion(c.LibcVersion) {
			return s, fmt.Errorf("version %q of the C library is no number like 2.36", c.LibcVersion)
		}
		s.Target += "." + c.LibcVersion
		if t.GOARCH() == "arm" && pc.Compare(c.LibcVersion, time64) >= 0 {
			s.Defines = append(s.Defines, "_TIME_BITS=64", "_FILE_OFFSET_BITS=64")
		}
	}
	if c.Sysroot != "" && c.Prefix != "" {
		prefix := "/" + c.Prefix
		s.Include, s.LibDirs = []string{prefix + "/include"}, []string{prefix + "/lib"}
		s.PkgConfig = []string{prefix + "/lib/pkgconfig", prefix + "/share/pkgconfig"}
	} else if c.Sysroot != "" {
		lib := "/usr/lib/" + s.Triplet
		s.Include = []string{"/usr/include/" + s.Triplet, "/usr/include"}
		s.LibDirs = []string{lib, "/usr/lib", "/lib/" + s.Triplet, "/lib"}
		s.PkgConfig = []string{lib + "/pkgconfig", "/usr/lib/pkgconfig", "/usr/share/pkgconfig"}
		var err error
		if s.CXX, err = targetCXX(c.Sysroot, s.Triplet); err != nil {
			return s, err
		}
	}
	return s, nil
}

// time64 is the first glibc of a Debian whose 32-bit ports count time in 64 bits. Code that is
// compiled otherwise passes structures of another size to that distribution's libraries
// (ziglang/zig#21738). The change came between bookworm (2.36) and trixie (2.41).
const time64 = "2.37"

func validVersion(v string) bool {
	major, minor, ok := strings.Cut(v, ".")
	return ok && number(major) && number(minor)
}

func number(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != "" && len(s) < 4
}

// relative makes those paths of a spec that are inside the store relative to the kit's folder.
func relative(s shim.Spec, root, dir string) (shim.Spec, error) {
	for _, p := range []*string{&s.Zig, &s.Lib, &s.Cache, &s.Sysroot} {
		if *p == "" || !within(*p, root) {
			continue
		}
		rel, err := filepath.Rel(dir, *p)
		if err != nil {
			return s, err
		}
		*p = filepath.ToSlash(rel)
	}
	return s, nil
}

func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || os.IsPathSeparator(rest[0]))
}

// writeKit fills a kit's folder. The tools are this program itself, copied: the one that runs
// may be replaced or, under "go run", vanish.
func writeKit(dir string, spec shim.Spec, graft string) error {
	b, err := json.MarshalIndent(spec, "", "\t")
	if err != nil {
		return err
	}
	files := shim.Files()
	files[shim.SpecFile] = string(b) + "\n"
	files[cmakeFile] = cmake(spec)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	program := filepath.Join(dir, exe("graft"))
	if err := copyFile(graft, program); err != nil {
		return fmt.Errorf("copy the tools: %w", err)
	}
	for i, prefix := range []string{"", spec.Triplet + "-"} {
		bin := filepath.Join(dir, shim.Dirs[i])
		if err := os.Mkdir(bin, 0o755); err != nil {
			return err
		}
		names := shim.Names
		if prefix != "" {
			names = append([]string{"gcc", "g++"}, names...)
		}
		for _, n := range names {
			if err := link(program, filepath.Join(bin, exe(prefix+n))); err != nil {
				return err
			}
		}
	}
	return nil
}

func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// link makes a tool. On Windows it is a hard link, where a symbolic one takes privileges.
func link(program, name string) error {
	if runtime.GOOS == "windows" {
		if os.Link(program, name) == nil {
			return nil
		}
		return copyFile(program, name)
	}
	return os.Symlink(filepath.Join("..", filepath.Base(program)), name)
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return err
	}
	return cmp.Or(dst.Close(), os.Chmod(to, 0o755))
}

// Tool returns the path of one of the kit's tools: "cc", "c++", "ar", "ranlib", "ld",
// "pkg-config".
func (k Kit) Tool(name string) string { return filepath.Join(k.Dir, shim.Dirs[0], exe(name)) }
