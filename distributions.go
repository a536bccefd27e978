package graft

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/distro/debian"
	"github.com/graft-build/graft/internal/distro/pacman"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/target"
)

// distribution is what the facade asks of a kind of package archive.
type distribution interface {
	// suite is the repository that a target's packages come from when the manifest names a suite.
	suite(t target.Target, suite string) string
	// roots are the packages that every image of it has beside what the program needs; with
	// cgo also those that every program with C in it needs.
	roots(cgo bool) []string
	// prefix is the folder of a sysroot that a repository's packages are in; "" for the usual one.
	prefix(repo string) string
	// adapt returns a target as programs with packages of a repository are compiled for it.
	adapt(t target.Target, repo string) target.Target
	// runtime is what C is compiled with in a repository when zig does not bring it.
	runtime(repo string) []resolve.Need
	// open opens the indexes of a repository for a target.
	open(ctx context.Context, s *session, repo string, t target.Target) (repository, error)
	// mirror is the variable that names mirrors of a locked repository, and a name for a folder
	// that is one.
	mirror(r lock.Repository) (variable, folder string)
	// meets says whether a version of a package is good for a dependency; one that does not
	// speak of the package is.
	meets(dependency, name, version string) bool
	// checkKeyring says whether a keyring of the user's can be used.
	checkKeyring(b []byte) error
	// addresses returns what tells the places of a locked package, the best first.
	addresses(s *session) (func(r lock.Repository, path string) ([]string, error), error)
}

// repository is an opened archive.
type repository interface {
	resolve.Repository
	// Records are its parts as the lock records them.
	Records() []lock.Repository
	// Libc is the version of its C library, "" when it has none of its own.
	Libc(ctx context.Context) (string, error)
	// Admit checks what is not vouched for by the index alone, before packages are locked.
	Admit(ctx context.Context, packages []resolve.Package) error
	Close()
}

// distributionOf is the distribution of a repository: "debian-bookworm", "msys2-clang64".
func distributionOf(repo string) distribution {
	if distributionName(repo) == "msys2" {
		return msys2{}
	}
	return debianArchive{}
}

// distributionName is the manifest's name for what a repository belongs to.
func distributionName(repo string) string {
	name, _, _ := strings.Cut(repo, "-")
	return name
}

// hostRoot is where the host's own configuration lies.
const hostRoot = "/"

// keyring reads the keys that the manifest names for a distribution; nil when it names none.
func (s *session) keyring(dist string) ([]byte, error) {
	file := s.plan.m.Repositories[dist].Keyring
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(absolute(s.dir, file))
	if err == nil {
		err = distributionOf(dist + "-").checkKeyring(b)
	}
	if err != nil {
		return nil, s.manifest.ErrorAt("$.repositories."+dist+".keyring", "keyring: %v", err)
	}
	return b, nil
}

// debianArchive is Debian.
type debianArchive struct{}

func (debianArchive) suite(t target.Target, suite string) string {
	if t.Arch == "riscv64" { // it is in trixie only
		return t.Repo
	}
	return "debian-" + suite
}

func (debianArchive) roots(cgo bool) []string {
	roots := []string{"ca-certificates", "tzdata"}
	if cgo {
		roots = append(roots, "libc6") // a program may need nothing beside it
	}
	return roots
}

func (debianArchive) prefix(string) string { return "" }

func (debianArchive) adapt(t target.Target, _ string) target.Target { return t }

func (debianArchive) runtime(string) []resolve.Need { return nil }

func (d debianArchive) open(ctx context.Context, s *session, repo string, t target.Target) (repository, error) {
	mirrors, err := d.mirrors(s)
	if err != nil {
		return nil, err
	}
	c := debian.Config{
		Name: repo, Arch: t.Arch, Triplet: t.ABI.Triplet, Mirrors: mirrors, Now: s.cfg.Now(),
		Fetcher: s.fetch, Store: s.store, Events: s.cfg.Events,
	}
	if c.Trusted, err = s.keyring("debian"); err != nil {
		return nil, err
	}
	if c.Trusted == nil {
		if b, err := os.ReadFile(filepath.Join(hostRoot, debian.HostKeyring)); err == nil {
			c.Keyring = b
		}
	}
	r, err := debian.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	return debianRepository{r}, nil
}

func (d debianArchive) addresses(s *session) (func(lock.Repository, string) ([]string, error), error) {
	mirrors, err := d.mirrors(s)
	if err != nil {
		return nil, err
	}
	return func(r lock.Repository, path string) ([]string, error) { return debian.URLs(mirrors, r, path) }, nil
}

func (debianArchive) mirror(r lock.Repository) (variable, folder string) {
	if debian.IsSecurity(r) {
		return "GRAFT_MIRROR_DEBIAN_SECURITY", "debian-security"
	}
	return "GRAFT_MIRROR_DEBIAN", "debian"
}

// mirrors are the addresses asked before the official ones: the environment's, the
// manifest's, the host's apt sources.
func (debianArchive) mirrors(s *session) (debian.Mirrors, error) {
	m := debian.Mirrors{}
	declared := s.plan.m.Repositories["debian"]
	for _, src := range []struct {
		what  string
		kind  debian.Kind
		bases []string
	}{
		{"GRAFT_MIRROR_DEBIAN", debian.Archive, strings.Fields(getenv(s.cfg.Env, "GRAFT_MIRROR_DEBIAN"))},
		{"GRAFT_MIRROR_DEBIAN_SECURITY", debian.Security, strings.Fields(getenv(s.cfg.Env, "GRAFT_MIRROR_DEBIAN_SECURITY"))},
		{"repositories.debian.mirrors", debian.Archive, declared.Mirrors},
		{"repositories.debian.security", debian.Security, declared.Security},
	} {
		if err := m.Add(src.kind, src.bases...); err != nil {
			return nil, &UsageError{fmt.Sprintf("%s: %v", src.what, err)}
		}
	}
	host, problems := debian.HostSources(os.DirFS(hostRoot))
	for _, p := range problems {
		s.cfg.Events.Send(event.Note{Text: p.Error()})
	}
	return m.Merge(host), nil
}

func (debianArchive) meets(dependency, name, version string) bool {
	return debian.Meets(dependency, name, version)
}

func (debianArchive) checkKeyring(b []byte) error { return debian.CheckKeyring(b) }

// debianRepository is an opened Debian archive. Its signed index vouches for every package.
type debianRepository struct{ *debian.Repository }

func (debianRepository) Admit(context.Context, []resolve.Package) error { return nil }

// msys2 is MSYS2.
type msys2 struct{}

// suite takes the manifest's environment for the targets of its processor.
func (msys2) suite(t target.Target, suite string) string {
	e, err := pacman.ParseEnvironment(suite)
	if err != nil || e.GOARCH != t.GOARCH() {
		return t.Repo
	}
	return e.ID()
}

func (msys2) roots(bool) []string { return nil }

func (msys2) prefix(repo string) string { return strings.TrimPrefix(repo, "msys2-") }

// adapt gives a target the C runtime of the environment.
func (d msys2) adapt(t target.Target, repo string) target.Target {
	if env, err := pacman.ParseEnvironment(d.prefix(repo)); err == nil {
		t.ABI.Libc = string(env.Runtime)
	}
	return t
}

func (d msys2) runtime(repo string) []resolve.Need {
	env, err := pacman.ParseEnvironment(d.prefix(repo))
	if err != nil {
		return nil
	}
	return env.RuntimeNeeds()
}

func (d msys2) open(ctx context.Context, s *session, repo string, t target.Target) (repository, error) {
	env, err := pacman.ParseEnvironment(d.prefix(repo))
	if err != nil {
		return nil, err
	}
	c := pacman.Config{Environment: env, Now: s.cfg.Now(), Fetcher: s.fetch, Store: s.store, Events: s.cfg.Events}
	if c.Mirrors, err = d.mirrors(s); err != nil {
		return nil, err
	}
	if c.Trusted, err = s.keyring("msys2"); err != nil {
		return nil, err
	}
	if c.Trusted == nil {
		if b, err := os.ReadFile(filepath.Join(hostRoot, pacman.HostKeyring)); err == nil {
			c.Keyring = b
		}
		if dir, ok := unsigned(c.Mirrors, env); ok {
			c.Mirrors, c.Unsigned = c.Mirrors[:1], true
			s.cfg.Events.Send(event.Warning{Text: "nobody signed the packages in " + dir + ": they are taken as they are, because the folder is on this machine"})
		}
	}
	r, err := pacman.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	return pacmanRepository{r}, nil
}

// unsigned says whether the first of the mirrors is a folder of this machine with a database
// that has no signature, such as one that its user made himself. What comes over a network
// is never taken so, and a signature that is there must be good.
func unsigned(mirrors []string, env pacman.Environment) (dir string, ok bool) {
	if len(mirrors) == 0 {
		return "", false
	}
	u, err := url.Parse(mirrors[0])
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	dir = filepath.Join(filepath.FromSlash(u.Path), "mingw", env.Name)
	found := false
	for _, name := range []string{env.Name + ".files", env.Name + ".db"} {
		if isFile(filepath.Join(dir, name+".sig")) {
			return dir, false
		}
		found = found || isFile(filepath.Join(dir, name))
	}
	return dir, found
}

func (d msys2) addresses(s *session) (func(lock.Repository, string) ([]string, error), error) {
	mirrors, err := d.mirrors(s)
	if err != nil {
		return nil, err
	}
	return func(r lock.Repository, path string) ([]string, error) { return pacman.URLs(mirrors, r, path) }, nil
}

func (msys2) mirror(lock.Repository) (variable, folder string) { return "GRAFT_MIRROR_MSYS2", "msys2" }

// mirrors are the addresses asked before the official ones: the environment's, the
// manifest's, those of an MSYS2 on this host. The folder mingw may be named with them or not.
func (msys2) mirrors(s *session) ([]string, error) {
	var out []string
	for _, src := range []struct {
		what  string
		bases []string
	}{
		{"GRAFT_MIRROR_MSYS2", strings.Fields(getenv(s.cfg.Env, "GRAFT_MIRROR_MSYS2"))},
		{"repositories.msys2.mirrors", s.plan.m.Repositories["msys2"].Mirrors},
	} {
		for _, base := range src.bases {
			base = strings.TrimSuffix(strings.TrimRight(base, "/"), "/mingw")
			if err := pacman.CheckMirror(base); err != nil {
				return nil, &UsageError{fmt.Sprintf("%s: %v", src.what, err)}
			}
			out = append(out, base)
		}
	}
	host, problems := pacman.HostMirrors(os.DirFS(hostRoot))
	for _, p := range problems {
		s.cfg.Events.Send(event.Note{Text: p.Error()})
	}
	return append(out, host...), nil
}

func (msys2) meets(dependency, name, version string) bool {
	return pacman.Meets(dependency, name, version)
}

func (msys2) checkKeyring(b []byte) error { return pacman.CheckKeyring(b) }

// pacmanRepository is an opened environment of MSYS2.
type pacmanRepository struct{ *pacman.Repository }

func (r pacmanRepository) Records() []lock.Repository { return []lock.Repository{r.State()} }

func (pacmanRepository) Libc(context.Context) (string, error) { return "", nil }

// Admit checks the packagers' signatures.
func (r pacmanRepository) Admit(ctx context.Context, packages []resolve.Package) error {
	return r.Verify(ctx, slices.Clone(packages)...)
}

func (pacmanRepository) Close() {}

// IsSignature says whether an error is of an index or package that no trusted key has signed.
func IsSignature(err error) bool {
	var deb *debian.SignatureError
	var pkg *pacman.SignatureError
	return errors.As(err, &deb) || errors.As(err, &pkg)
}
