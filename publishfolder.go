package graft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/publish/aptrepo"
	"github.com/graft-build/graft/internal/publish/folder"
	"github.com/graft-build/graft/internal/publish/signing"
)

// Folder says where PublishFolder publishes and how. Dir and Key are needed.
type Folder struct {
	Dir        string    // relative ones start where the request's do
	Key        []byte    // secret OpenPGP key, armored or binary
	Passphrase []byte    // of the key, if it has one
	Suite      string    // of the apt repository; default "stable"
	Component  string    // default "main"
	Origin     string    // who publishes; default: as before, else the program's name
	URL        string    // where Dir is served; default: as before
	Date       time.Time // of the index; default: SOURCE_DATE_EPOCH, else Config.Now
}

// PublishedFolder is what a folder has after PublishFolder.
type PublishedFolder struct {
	Dir       string             `json:"dir"`
	Origin    string             `json:"origin"`
	Suite     string             `json:"suite"`
	Component string             `json:"component"`
	Date      *time.Time         `json:"date"` // of the index; null without packages
	Key       string             `json:"key"`  // fingerprint
	Packages  []PublishedPackage `json:"packages"`
	Files     []PublishedFile    `json:"files"`
	Sources   string             `json:"sources"` // file for apt's sources.list.d; "" while the address is not known
}

// PublishedPackage is a package of the suite, earlier ones too.
type PublishedPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch"`
	File    string `json:"file"`
}

// PublishedFile is an artifact of this build in the folder.
type PublishedFile struct {
	Path   string        `json:"path"`
	Size   int64         `json:"size"`
	SHA256 digest.Digest `json:"sha256"`
	Added  bool          `json:"added"` // false: it was there
}

// KeyError is a signing key that can't be used.
type KeyError struct{ Err error }

func (e *KeyError) Error() string { return e.Err.Error() }

func (e *KeyError) Unwrap() error { return e.Err }

// Passphrase says whether the key lacks its passphrase.
func (e *KeyError) Passphrase() bool { return errors.Is(e.Err, signing.ErrPassphrase) }

// PublishFolder builds what the request asks for, unless all of it is up to date, and adds
// the artifacts to a folder: Debian packages to a signed apt repository, others as files.
// What was published before stays. Several processes may publish to one folder at once; an
// interrupted one leaves the index as it was. The same name with another content is refused.
func (p *Project) PublishFolder(ctx context.Context, req Request, to Folder) (*PublishedFolder, error) {
	to.Suite, to.Component = cmp.Or(to.Suite, "stable"), cmp.Or(to.Component, "main")
	if err := to.check(); err != nil {
		return nil, &UsageError{err.Error()}
	}
	key, err := signing.Read(to.Key, to.Passphrase)
	if err != nil {
		return nil, &KeyError{err}
	}
	s, err := p.session(ctx, req)
	if err != nil {
		return nil, err
	}
	if to.Date, err = s.indexDate(to.Date); err != nil {
		return nil, err
	}
	dir := absolute(s.plan.base, filepath.FromSlash(to.Dir))
	if sameFolder(dir, s.plan.out) {
		return nil, &UsageError{fmt.Sprintf("%s is the folder of the artifacts: publish to another one", to.Dir)}
	}
	res, err := p.Build(ctx, req)
	if err != nil {
		return nil, err
	}
	var list []folder.Artifact
	for _, a := range res.Artifacts {
		list = append(list, folder.Artifact{Path: filepath.Join(s.plan.out, a.File), Name: a.File, SHA256: a.SHA256, Of: about(a, res.Artifacts)})
	}
	f := folder.Folder{
		Dir: dir, Suite: to.Suite, Component: to.Component, Origin: to.Origin, URL: strings.TrimRight(to.URL, "/"),
		Name: s.plan.m.Name, Key: key, Date: to.Date,
	}
	return s.publishFolder(ctx, f, list, to.Dir)
}

// about is the artifact that a bill of materials or a provenance tells about, "" for others.
func about(a Artifact, all []Artifact) string {
	for _, o := range all {
		if rest, ok := strings.CutPrefix(a.File, o.File); ok && strings.HasPrefix(rest, ".") && o.Target == a.Target {
			return o.File
		}
	}
	return ""
}

func (s *session) publishFolder(ctx context.Context, f folder.Folder, list []folder.Artifact, shown string) (*PublishedFolder, error) {
	var done *folder.Result
	err := s.stage("publish", "", func() (detail string, err error) {
		done, err = f.Publish(ctx, list)
		return shown, err
	})
	if err != nil {
		return nil, err
	}
	if done.Before != "" {
		s.cfg.Events.Send(event.Warning{Text: fmt.Sprintf("%s was signed by key %s so far: its users need %s now", shown, done.Before, f.Key.Fingerprint())})
	}
	out := &PublishedFolder{
		Dir: shown, Origin: done.Origin, Suite: f.Suite, Component: f.Component, Key: f.Key.Fingerprint(), Sources: done.Sources,
		Packages: []PublishedPackage{}, Files: []PublishedFile{},
	}
	if !done.Date.IsZero() {
		out.Date = &done.Date
	}
	for _, p := range done.Packages {
		out.Packages = append(out.Packages, PublishedPackage{p.Name, p.Version, p.Arch, p.File})
	}
	for _, file := range done.Files {
		out.Files = append(out.Files, PublishedFile{Path: file.Path, Size: file.Size, SHA256: file.SHA256, Added: file.Added})
	}
	return out, nil
}

// check refuses what would end up in Release files and does not belong there.
func (f Folder) check() error {
	if f.Dir == "" {
		return errors.New("name the folder to publish to")
	}
	if len(f.Key) == 0 {
		return errors.New("a repository is signed: name a file with a secret OpenPGP key")
	}
	for what, s := range map[string]string{"suite": f.Suite, "component": f.Component} {
		if err := aptrepo.CheckName(s); err != nil {
			return fmt.Errorf("%s %w", what, err)
		}
	}
	if strings.ContainsFunc(f.Origin, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.TrimSpace(f.Origin) != f.Origin || len(f.Origin) > 128 {
		return fmt.Errorf("origin %q: want one short line", f.Origin)
	}
	if f.URL == "" {
		return nil
	}
	u, err := url.Parse(f.URL)
	if err != nil || u.String() != f.URL || (u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file") || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.ContainsAny(f.URL, "'\"`$\\;()&<>| ") {
		return fmt.Errorf("address %q: want one such as https://packages.example.com/app", f.URL)
	}
	return nil
}

// indexDate is the time that an index states: the given one, SOURCE_DATE_EPOCH or the clock's.
func (s *session) indexDate(given time.Time) (time.Time, error) {
	if !given.IsZero() {
		return given, nil
	}
	at, err := s.epoch()
	if err == nil && at.IsZero() {
		at = s.cfg.Now()
	}
	return at, err
}

func sameFolder(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
