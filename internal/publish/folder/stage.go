package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"

	"github.com/graft-build/graft/digest"
)

// stage is a folder in the folder where files are written before they appear in their
// places: renaming from it is atomic. All access is through the root, so that no link in the
// folder leads out of it.
type stage struct {
	root  *os.Root
	moves []move
	n     int
}

// move is a written file and its place.
type move struct{ temp, place string }

func newStage(root *os.Root) (*stage, error) {
	if err := root.RemoveAll(stageName); err != nil { // of a process that was killed
		return nil, err
	}
	return &stage{root: root}, root.Mkdir(stageName, 0o755)
}

func (s *stage) remove() { _ = s.root.RemoveAll(stageName) }

func (s *stage) create() (name string, w *os.File, err error) {
	s.n++
	name = path.Join(stageName, strconv.Itoa(s.n))
	w, err = s.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	return name, w, err
}

// finish makes a written file what it will be: on disk, and readable whatever the umask is.
func finish(w *os.File, err error) error {
	if err == nil {
		err = w.Sync()
	}
	if err == nil {
		if err = w.Chmod(0o644); errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	}
	if e := w.Close(); err == nil {
		err = e
	}
	return err
}

// write stages a file for a place.
func (s *stage) write(place string, b []byte) error {
	name, w, err := s.create()
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	if err := finish(w, err); err != nil {
		return err
	}
	s.plan(name, place)
	return nil
}

// copy stages an artifact, without a place yet, and checks that it is the one.
func (s *stage) copy(a Artifact) (name string, size int64, err error) {
	r, err := os.Open(a.Path)
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	name, w, err := s.create()
	if err != nil {
		return "", 0, err
	}
	sum, size, err := digest.FromReader(io.TeeReader(r, w))
	if err := finish(w, err); err != nil {
		return "", 0, err
	}
	if sum != a.SHA256 {
		return "", 0, fmt.Errorf("%s was changed after it was built", a.Path)
	}
	return name, size, nil
}

func (s *stage) plan(temp, place string) { s.moves = append(s.moves, move{temp, place}) }

// put moves the files to their places, in the order in which they were staged.
func (s *stage) put(step func(string) error) error {
	for _, m := range s.moves {
		if step != nil {
			if err := step(m.place); err != nil {
				return err
			}
		}
		if err := s.folders(path.Dir(m.place)); err != nil {
			return err
		}
		if err := s.root.Rename(m.temp, m.place); err != nil {
			return err
		}
	}
	return nil
}

// folders makes a folder and those above it, open to readers whatever the umask is.
func (s *stage) folders(dir string) error {
	if dir == "." {
		return nil
	}
	if fi, err := s.root.Stat(dir); err == nil && fi.IsDir() {
		return nil
	}
	if err := s.folders(path.Dir(dir)); err != nil {
		return err
	}
	if err := s.root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.root.Chmod(dir, 0o755)
}
