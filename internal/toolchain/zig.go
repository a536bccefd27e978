// Package toolchain makes the kit of a target: zig as its C compiler, and cc, c++, ar and
// pkg-config that speak GNU to the go command. It feeds stage compile.
//
// C++ is compiled with zig's libc++, which is linked statically and keeps its symbols to
// itself. A program needs no C++ library on the target, and may use libraries of the
// distribution that have C++ inside. It can't use libraries with C++ in their interface where
// the distribution's C++ library is GNU's (Debian): Explain says so when a link fails for that.
package toolchain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/store"
)

// ZigConfig says where zig may come from. The zero value of an optional field means the
// built-in choice.
type ZigConfig struct {
	Store   *store.Store
	Fetcher *fetch.Fetcher
	Events  event.Sink
	// Env is the environment graft was started in. It is asked for GRAFT_ZIG, PATH,
	// GRAFT_MIRROR_ZIG, GRAFT_MIRROR_NPM (addresses, separated by spaces) and npm's settings.
	Env []string

	OS, Arch   string   // of this machine; optional
	Official   []string // addresses that stand before OfficialBase; optional
	Registries []string // npm registries, instead of the machine's own; optional
	Key        string   // public minisign key of the official archives; optional
	Release    *Release // optional
	// Base replaces OfficialBase, for tests; optional.
	Base string
}

// Zig is an unpacked zig.
type Zig struct {
	Exe, Lib string // absolute
	Version  string
	Digest   digest.Digest // of the content, whichever way it came
	Origin   string        // for people: where it came from
	External bool          // it is outside the store
}

// ZigLib is the digest of the lib folder of the pinned zig, which is the same for every host.
func ZigLib() digest.Digest { return pinned.Lib }

// GivenError is a zig of the user's (GRAFT_ZIG) that can't be used.
type GivenError struct{ Err error }

func (e *GivenError) Error() string { return e.Err.Error() }

func (e *GivenError) Unwrap() error { return e.Err }

// SourceError is that zig could not be had from anywhere.
type SourceError struct {
	Version string
	Causes  []error // one for each source, in the order they were tried
}

func (e *SourceError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "get zig %s: no source has it", e.Version)
	for _, c := range e.Causes {
		fmt.Fprintf(&b, "\n  %v", c)
	}
	return b.String()
}

func (e *SourceError) Unwrap() []error { return e.Causes }

// ContentError is content that is not what graft knows it to be. It ends the search: a wrong
// checksum or signature is never passed over in favour of another source.
type ContentError struct {
	What      string
	Want, Got string
}

func (e *ContentError) Error() string {
	return fmt.Sprintf("%s is not what it should be: want %s, got %s", e.What, e.Want, e.Got)
}

// GetZig returns zig of the pinned version. It looks at GRAFT_ZIG, then at what PATH and the
// store have, then downloads: the official archive, checked by its signature and its pinned
// digest, or the npm packages of the same content.
//
// A zig that GRAFT_ZIG names is used whatever its content is; it must have the version. One in
// PATH is used when its content is the pinned one, and otherwise only when nothing else can be
// had, with a warning: nobody chose it.
func GetZig(ctx context.Context, c ZigConfig) (Zig, error) {
	c.fill()
	if path := getenv(c.Env, "GRAFT_ZIG"); path != "" {
		return c.named(ctx, path)
	}
	pin, _ := c.Release.pin(c.host())
	z, cached, err := c.stored(pin)
	if cached || err != nil {
		return z, err
	}
	inPath, found := c.inPath(ctx, pin)
	if found && inPath.Digest == c.digest(pin) {
		return inPath, nil
	}
	z, err = c.download(ctx, pin)
	var bad *ContentError
	if err == nil || !found || ctx.Err() != nil || errors.As(err, &bad) || store.IsMismatch(err) {
		return z, err
	}
	c.Events.Send(event.Warning{Text: fmt.Sprintf("using %s, whose content is not that of the official zig %s, because no other can be had:\n%v", inPath.Exe, c.Release.Version, err)})
	return inPath, nil
}

func (c *ZigConfig) fill() {
	c.OS = cmp.Or(c.OS, runtime.GOOS)
	c.Arch = cmp.Or(c.Arch, runtime.GOARCH)
	c.Key = cmp.Or(c.Key, OfficialKey)
	c.Base = cmp.Or(c.Base, OfficialBase)
	if c.Release == nil {
		c.Release = &pinned
	}
	c.Official = append(append(fields(getenv(c.Env, "GRAFT_MIRROR_ZIG")), c.Official...), c.Base)
}

func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' })
}

func (c *ZigConfig) host() string { return c.OS + "/" + c.Arch }

func (c *ZigConfig) exeName() string {
	if c.OS == "windows" {
		return "zig.exe"
	}
	return "zig"
}

// treeKind is the store's kind of unpacked zigs.
const treeKind = "zig"

// key is the key of the tree in the store. It names the content, as far as that is known
// before it was fetched.
func (c *ZigConfig) key(pin Pin) digest.Digest {
	k := digest.NewKey("zig/1").Add("version", c.Release.Version).Add("host", c.host()).AddDigest("lib", c.Release.Lib)
	if !pin.Exe.IsZero() {
		return k.AddDigest("exe", pin.Exe).Digest()
	}
	return k.AddDigest("archive", pin.Archive.SHA256).Digest()
}

// digest is the identity of the pinned content.
func (c *ZigConfig) digest(pin Pin) digest.Digest {
	if pin.Exe.IsZero() {
		return c.key(pin)
	}
	return contentDigest(pin.Exe, c.Release.Lib)
}

func contentDigest(exe, lib digest.Digest) digest.Digest {
	return digest.NewKey("zig-content/1").AddDigest("exe", exe).AddDigest("lib", lib).Digest()
}

// stored returns the zig that the store has.
func (c *ZigConfig) stored(pin Pin) (Zig, bool, error) {
	dir := c.Store.TreePath(treeKind, c.key(pin))
	if _, err := os.Stat(dir); err != nil {
		return Zig{}, false, nil
	}
	// Through Tree, so that the store knows of its use.
	dir, cached, err := c.Store.Tree(context.Background(), treeKind, c.key(pin), func(context.Context, string) error {
		return errGone
	})
	if errors.Is(err, errGone) {
		return Zig{}, false, nil
	}
	return c.at(dir, pin, "the store"), cached, err
}

var errGone = errors.New("the tree is gone")

func (c *ZigConfig) at(dir string, pin Pin, origin string) Zig {
	return Zig{
		Exe: filepath.Join(dir, c.exeName()), Lib: filepath.Join(dir, "lib"),
		Version: c.Release.Version, Digest: c.digest(pin), Origin: origin,
	}
}

func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}
