package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/graft-build/graft/digest"
	"github.com/graft-build/graft/event"
	"golang.org/x/sync/errgroup"
)

// Names of the files that go along with the artifacts.
const (
	ArtifactsFile = "artifacts.json"
	SumsFile      = "SHA256SUMS"
)

// Job is one artifact to make.
type Job struct {
	Packer Packer
	In     In
	Of     []int // numbers of the jobs whose artifacts it is made of; its packer is a Joiner
}

// Joiner is a packer that makes an artifact of others.
type Joiner interface {
	Packer
	// Join is Pack for artifacts that lie in files.
	Join(ctx context.Context, in In, files []string, w io.Writer) error
}

// Artifact is one file of the folder of artifacts.
type Artifact struct {
	Kind   string
	Target string // several, with commas, for one that is made of others
	File   string // its name in the folder
	Size   int64
	SHA256 digest.Digest
}

// Dist is the folder that artifacts are written to.
type Dist struct {
	Dir    string
	Jobs   int // artifacts made at the same time; 0 is one
	Events event.Sink
	// Lock keeps other processes from writing to Dir until unlock is called; nil is no lock.
	Lock func(ctx context.Context) (unlock func(), err error)
	// Beside returns files about the artifacts, which are listed after them; nil is none.
	Beside func(ctx context.Context, made []Artifact) ([]Companion, error)
}

// Companion is a file about artifacts: a bill of materials, provenance.
type Companion struct {
	Kind, Target, File string
	Content            []byte
}

// stageName is the folder in Dir where artifacts come into being. Renaming from it is
// atomic, which it would not be from another file system.
const stageName = ".graft-stage"

// Write makes the artifacts, artifacts.json and SHA256SUMS. Either all of them are in the
// folder then, in place of those of the same names, or it is as it was. Other files in it
// are left alone. The artifacts are returned in the order of the jobs.
func (d Dist) Write(ctx context.Context, jobs []Job) (made []Artifact, err error) {
	if d.Lock != nil {
		unlock, err := d.Lock(ctx)
		if err != nil {
			return nil, fmt.Errorf("write artifacts to %s: %w", d.Dir, err)
		}
		defer unlock()
	}
	made, err = d.write(ctx, jobs)
	if err != nil {
		return nil, fmt.Errorf("write artifacts to %s: %w", d.Dir, err)
	}
	return made, nil
}

func (d Dist) write(ctx context.Context, jobs []Job) ([]Artifact, error) {
	_, err := os.Lstat(d.Dir)
	created := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return nil, err
	}
	stage := filepath.Join(d.Dir, stageName)
	defer func() {
		os.RemoveAll(stage)
		if created {
			os.Remove(d.Dir) // fails, as it should, when something is in it
		}
	}()
	// What a killed process left behind goes; nobody else is at it while Lock is held.
	if err := os.RemoveAll(stage); err != nil {
		return nil, err
	}
	for _, dir := range []string{stage, filepath.Join(stage, "temp"), filepath.Join(stage, "new"), filepath.Join(stage, "old")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	made, err := d.make(ctx, stage, jobs)
	if err != nil {
		return nil, err
	}
	if d.Beside != nil {
		if made, err = d.beside(ctx, stage, made); err != nil {
			return nil, err
		}
	}
	names, err := settle(stage, made)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := replace(d.Dir, stage, names); err != nil {
		return nil, err
	}
	return made, nil
}

// make writes each artifact to a file of its own, temp/<number>; those that are made of others last.
func (d Dist) make(ctx context.Context, stage string, jobs []Job) ([]Artifact, error) {
	made := make([]Artifact, len(jobs))
	for _, joined := range []bool{false, true} {
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(max(d.Jobs, 1))
		for i, j := range jobs {
			if joined != (len(j.Of) > 0) {
				continue
			}
			g.Go(func() (err error) {
				made[i], err = d.one(gctx, stage, i, j)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// beside writes the files about the artifacts. Two targets that make the same artifact get
// what was written for the first.
func (d Dist) beside(ctx context.Context, stage string, made []Artifact) ([]Artifact, error) {
	companions, err := d.Beside(ctx, made)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, c := range companions {
		if seen[c.File] {
			continue
		}
		seen[c.File] = true
		a := Artifact{Kind: c.Kind, Target: c.Target, File: c.File, Size: int64(len(c.Content)), SHA256: digest.Of(c.Content)}
		if err := checkFile(a); err != nil {
			return nil, err
		}
		if err := writeFile(numbered(stage, len(made)), c.Content); err != nil {
			return nil, err
		}
		made = append(made, a)
	}
	return made, nil
}

func checkFile(a Artifact) error {
	if filepath.Base(a.File) != a.File || !fileName(a.File) || a.File == ArtifactsFile || a.File == SumsFile {
		return fmt.Errorf("pack %s: %q is no name for a file", a.Kind, a.File)
	}
	return nil
}

func (d Dist) one(ctx context.Context, stage string, i int, j Job) (Artifact, error) {
	if j.In.Temp == "" {
		j.In.Temp = filepath.Join(stage, "temp")
	}
	name := j.Packer.FileName(j.In)
	d.Events.Send(event.Stage{Name: "pack", Target: j.In.Target.Name, Detail: name})
	a, err := pack(ctx, j, stage, i)
	if err != nil {
		return a, err
	}
	d.Events.Send(event.Stage{Name: "pack", Target: j.In.Target.Name, Detail: name, Done: true})
	return a, nil
}

// write writes the artifact.
func (j Job) write(ctx context.Context, stage string, w io.Writer) error {
	if len(j.Of) == 0 {
		return j.Packer.Pack(ctx, j.In, w)
	}
	joiner, ok := j.Packer.(Joiner)
	if !ok {
		return fmt.Errorf("pack %s: it is not made of others", j.Packer.Kind())
	}
	var files []string
	for _, i := range j.Of {
		files = append(files, numbered(stage, i))
	}
	return joiner.Join(ctx, j.In, files, w)
}

func numbered(stage string, i int) string { return filepath.Join(stage, "temp", fmt.Sprint(i)) }

func pack(ctx context.Context, j Job, stage string, i int) (a Artifact, err error) {
	a = Artifact{Kind: j.Packer.Kind(), Target: j.In.Target.Name, File: j.Packer.FileName(j.In)}
	if err := checkFile(a); err != nil {
		return a, err
	}
	f, err := os.OpenFile(numbered(stage, i), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return a, err
	}
	defer f.Close()
	h := sha256.New()
	if err := j.write(ctx, stage, io.MultiWriter(f, h)); err != nil {
		return a, err
	}
	a.SHA256 = digest.Sum(h)
	if a.Size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return a, err
	}
	if err := f.Chmod(0o644); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return a, err
	}
	return a, f.Close()
}

// settle gives the artifacts their names in new/, adds the lists, and returns all names. Two
// targets may make the same file, as rpi4 and linux/arm/v7 do, if it really is the same.
func settle(stage string, made []Artifact) ([]string, error) {
	byName := map[string]Artifact{}
	var names []string
	for i, a := range made {
		if o, ok := byName[a.File]; ok {
			if o.SHA256 != a.SHA256 {
				return nil, fmt.Errorf("targets %s and %s both make %s, with other content; build them into folders of their own", o.Target, a.Target, a.File)
			}
			continue
		}
		byName[a.File] = a
		names = append(names, a.File)
		if err := os.Rename(numbered(stage, i), filepath.Join(stage, "new", a.File)); err != nil {
			return nil, err
		}
	}
	for name, b := range map[string][]byte{SumsFile: EncodeSums(made), ArtifactsFile: EncodeArtifacts(made)} {
		if err := writeFile(filepath.Join(stage, "new", name), b); err != nil {
			return nil, err
		}
	}
	return append(names, SumsFile, ArtifactsFile), nil // the lists last: they speak of the others
}

func writeFile(name string, b []byte) error {
	if err := os.WriteFile(name, b, 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644) // whatever the umask is
}

// replace moves files from stage/new into dir. When one can't be moved, those that were are
// taken back, and what they replaced is put back.
func replace(dir, stage string, names []string) (err error) {
	var undo []func() error
	defer func() {
		if err == nil {
			return
		}
		for _, f := range slices.Backward(undo) {
			err = errors.Join(err, f())
		}
	}()
	for _, name := range names {
		at, old := filepath.Join(dir, name), filepath.Join(stage, "old", name)
		fi, err := os.Lstat(at)
		switch {
		case err == nil && fi.IsDir():
			return fmt.Errorf("%s is a folder", at)
		case err == nil:
			// A second name keeps the old file, and the rename below replaces it at one stroke.
			if os.Link(at, old) != nil {
				if err := os.Rename(at, old); err != nil { // no links on this file system
					return err
				}
			}
			undo = append(undo, func() error { return os.Rename(old, at) })
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if err := os.Rename(filepath.Join(stage, "new", name), at); err != nil {
			return err
		}
		undo = append(undo, func() error { return os.Remove(at) })
	}
	return nil
}

// EncodeSums returns SHA256SUMS as sha256sum -c reads it.
func EncodeSums(made []Artifact) []byte {
	var lines []string
	for _, a := range made {
		lines = append(lines, a.SHA256.Hex()+"  "+a.File+"\n")
	}
	slices.Sort(lines)
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return []byte(strings.Join(slices.Compact(lines), ""))
}

// record is an artifact in artifacts.json.
type record struct {
	Kind   string `json:"kind"`
	Target string `json:"target"`
	File   string `json:"file"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // "sha256:" and hexadecimal digits, as in graft.lock
}

// EncodeArtifacts returns artifacts.json: one artifact a line, in the given order.
func EncodeArtifacts(made []Artifact) []byte {
	var b bytes.Buffer
	b.WriteString("{\"version\": 1, \"artifacts\": [")
	for i, a := range made {
		line, _ := json.Marshal(record{a.Kind, a.Target, a.File, a.Size, a.SHA256.String()}) // strings and a number
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// DecodeArtifacts reads artifacts.json.
func DecodeArtifacts(b []byte) ([]Artifact, error) {
	var file struct {
		Version   int      `json:"version"`
		Artifacts []record `json:"artifacts"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("parse %s: %w", ArtifactsFile, err)
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("parse %s: version %d; this graft knows 1", ArtifactsFile, file.Version)
	}
	out := make([]Artifact, 0, len(file.Artifacts))
	for _, r := range file.Artifacts {
		d, err := digest.Parse(r.SHA256)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", ArtifactsFile, err)
		}
		if !fileName(r.File) || r.Size < 0 {
			return nil, fmt.Errorf("parse %s: bad artifact %q", ArtifactsFile, r.File)
		}
		out = append(out, Artifact{r.Kind, r.Target, r.File, r.Size, d})
	}
	return out, nil
}
