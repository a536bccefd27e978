// Package folder publishes artifacts into a folder that a web server shows: Debian packages
// as an apt repository, all else as files, SHA256SUMS with a signature over both, a page that
// says how to use it, and the public key.
//
// What is there stays. Everything new is written beside its place first and then renamed
// into it, the signed InRelease after all that it names: whoever interrupts it leaves the
// old index whole. A lock file in the folder lines up those who publish at the same time.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/internal/publish/aptrepo"
	"github.com/graft-build/graft/internal/publish/signing"
)

// Names in the folder beside pool and dists.
const (
	lockName  = ".graft-lock"
	stageName = ".graft-stage"
	sumsName  = "SHA256SUMS"
	pageName  = "index.html"
	keyName   = "archive-keyring.asc"
)

// Folder is where artifacts are published, and how.
type Folder struct {
	Dir       string
	Suite     string // "stable"
	Component string // "main"
	Origin    string // who publishes; "" is who did before, else Name
	Name      string // of what is published
	URL       string // where Dir is served; "" is where it was
	Key       *signing.Key
	Date      time.Time // of the index and the signatures

	step func(place string) error // for tests: called before each file appears
}

// Artifact is a file to publish. It is refused when it is not of this digest.
type Artifact struct {
	Path   string
	Name   string // in the folder; a .deb gets a place in pool
	SHA256 digest.Digest
	Of     string // name of the artifact, earlier in the list, that it tells about: it goes beside that one
}

// Result says what the folder has now.
type Result struct {
	Origin   string
	Date     time.Time // of the index; zero without one
	Packages []aptrepo.Package
	Files    []File // the published artifacts, in their order
	Sources  string // the file for apt's sources.list.d, "" when the address is not known
	Before   string // the key that signed the index so far, when it is another one
}

// File is an artifact in the folder.
type File struct {
	Path   string
	SHA256 digest.Digest
	Size   int64
	Added  bool // false: it was there
}

// ExistsError is a file that would be replaced by another content under the same name.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return e.Path + " is there already, with other content" }

// Publish adds artifacts to the folder, which is made if need be.
func (f Folder) Publish(ctx context.Context, list []Artifact) (*Result, error) {
	res, err := f.publish(ctx, list)
	if err != nil {
		return nil, fmt.Errorf("publish to %s: %w", f.Dir, err)
	}
	return res, nil
}

func (f Folder) publish(ctx context.Context, list []Artifact) (*Result, error) {
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	unlock, err := lock(ctx, root)
	if err != nil {
		return nil, err
	}
	defer unlock()
	st, err := newStage(root)
	if err != nil {
		return nil, err
	}
	defer st.remove()
	j := &job{Folder: f, root: root, stage: st, res: &Result{}, added: map[string]File{}}
	if err := j.run(ctx, list); err != nil {
		return nil, err
	}
	return j.res, nil
}

// lock waits until nobody else publishes to the folder. A process that dies lets it go.
func lock(ctx context.Context, root *os.Root) (unlock func(), err error) {
	file, err := root.OpenFile(lockName, os.O_CREATE|os.O_RDWR, 0o644) // not through a link that leads away
	if err != nil {
		return nil, err
	}
	file.Close()
	l := flock.New(filepath.Join(root.Name(), lockName))
	if _, err := l.TryLockContext(ctx, 15*time.Millisecond); err != nil {
		return nil, fmt.Errorf("wait for those who publish too: %w", err)
	}
	return func() { l.Unlock() }, nil
}

// job is one call of Publish under the lock.
type job struct {
	Folder
	root   *os.Root
	stage  *stage
	res    *Result
	suites []*aptrepo.Suite // all of the folder
	suite  *aptrepo.Suite   // that the packages go to
	sums   sums
	added  map[string]File // artifacts by name
}

func (j *job) run(ctx context.Context, list []Artifact) error {
	if err := j.readOld(); err != nil {
		return err
	}
	for _, a := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := j.add(a); err != nil {
			return err
		}
	}
	outdated, err := j.index()
	if err != nil {
		return err
	}
	if err := j.describe(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := j.stage.put(j.step); err != nil {
		return err
	}
	for _, name := range outdated {
		_ = j.root.Remove(name) // a later publication tries again
	}
	return nil
}

// add brings an artifact to its place, unless it is there.
func (j *job) add(a Artifact) error {
	temp, size, err := j.stage.copy(a)
	if err != nil {
		return err
	}
	place := a.Name
	of, about := j.added[a.Of]
	switch {
	case about:
		place = of.Path + strings.TrimPrefix(a.Name, a.Of)
	case strings.HasSuffix(a.Name, ".deb"):
		if place, err = j.addPackage(temp, a, size); err != nil {
			return err
		}
	}
	if !fs.ValidPath(place) || strings.HasPrefix(place, ".") || slices.Contains([]string{sumsName, pageName, keyName, "pool", "dists"}, place) {
		return fmt.Errorf("%q is no name for an artifact", a.Name)
	}
	file := File{Path: place, SHA256: a.SHA256, Size: size}
	switch there, err := j.digestOf(place); {
	case errors.Is(err, fs.ErrNotExist):
		file.Added = true
		j.stage.plan(temp, place)
	case err != nil:
		return err
	case there != a.SHA256 && about && !of.Added:
		file.SHA256 = there // what was said of an artifact that has not changed holds
	case there != a.SHA256:
		return &ExistsError{place}
	}
	j.sums[place], j.added[a.Name] = file.SHA256, file
	j.res.Files = append(j.res.Files, file)
	return nil
}

func (j *job) addPackage(temp string, a Artifact, size int64) (place string, err error) {
	r, err := j.root.Open(temp)
	if err != nil {
		return "", err
	}
	defer r.Close()
	p, err := aptrepo.ReadPackage(a.Name, j.Component, r, size, a.SHA256)
	if err != nil {
		return "", err
	}
	if j.suite == nil {
		j.suite = aptrepo.New(j.Suite)
		j.suites = append(j.suites, j.suite)
	}
	_, err = j.suite.Add(j.Component, p)
	return p.File, err
}

func (j *job) digestOf(name string) (digest.Digest, error) {
	r, err := j.root.Open(name)
	if err != nil {
		return digest.Digest{}, err
	}
	defer r.Close()
	d, _, err := digest.FromReader(r)
	return d, err
}

// index writes the suite's files and returns those of earlier ones that may go.
func (j *job) index() (outdated []string, err error) {
	j.res.Origin = j.origin()
	if j.suite == nil {
		return nil, nil
	}
	j.suite.Origin = j.res.Origin
	files, release, date, err := j.suite.Files(j.Date)
	if err != nil {
		return nil, err
	}
	j.Date, j.res.Date, j.res.Packages = date, date, j.suite.Packages()
	dist := path.Join("dists", j.Suite)
	for _, name := range j.suite.Outdated(j.byHash(dist), files) {
		outdated = append(outdated, path.Join(dist, name))
	}
	for _, f := range files { // all of them before any that a client may take for the index
		if err := j.stage.write(path.Join(dist, f.ByHash()), f.Data); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if err := j.stage.write(path.Join(dist, f.Path), f.Data); err != nil {
			return nil, err
		}
	}
	detached, err := j.Key.Detached(release, date)
	if err != nil {
		return nil, err
	}
	signed, err := j.Key.ClearSign(release, date)
	if err != nil {
		return nil, err
	}
	return outdated, errors.Join(
		j.stage.write(path.Join(dist, "Release"), release),
		j.stage.write(path.Join(dist, "Release.gpg"), detached),
		j.stage.write(path.Join(dist, "InRelease"), signed),
	)
}

// origin is who publishes.
func (j *job) origin() string {
	if j.Origin != "" {
		return j.Origin
	}
	for _, s := range append([]*aptrepo.Suite{j.suite}, j.suites...) {
		if s != nil && s.Origin != "" {
			return s.Origin
		}
	}
	return j.Name
}

// describe writes what is for people: checksums, key, sources and the page.
func (j *job) describe() error {
	text := j.sums.encode()
	signature, err := j.Key.Detached(text, j.Date)
	if err != nil {
		return err
	}
	public, err := j.Key.Public()
	if err != nil {
		return err
	}
	address := j.address()
	if j.suite != nil && address != "" {
		j.res.Sources = j.sourcesName()
		if err := j.stage.write(j.res.Sources, j.sourcesText(address)); err != nil {
			return err
		}
	}
	page, err := j.page(address)
	if err != nil {
		return err
	}
	return errors.Join(
		j.stage.write(keyName, public),
		j.stage.write(sumsName, text),
		j.stage.write(sumsName+".asc", signature),
		j.stage.write(pageName, page),
	)
}
