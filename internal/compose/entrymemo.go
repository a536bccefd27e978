package compose

import (
	"bytes"
	"encoding/json"
	"go/format"
	"path/filepath"

	"github.com/graft-build/graft/digest"
)

// checkEntriesOnce is checkEntries, remembered with the user's folders that were read: all
// is well as long as these declare the same. An edited function body changes nothing.
func (c *composer) checkEntriesOnce(comp Composition, r requirements, file []byte) error {
	if c.spec.Register == "" && c.spec.Interface == "" || len(c.plugins) == 0 {
		return nil
	}
	key := digest.NewKey("entry/1").AddDigest("composition", comp.Key).Add("dir", comp.Dir).
		Add("entry", c.spec.Interface, c.spec.Entry).Add("tags", c.spec.Tags...).
		Add("platform", PlatformEnv(c.spec.Platforms[0])...).Digest()
	if b, ok := c.Store.Record("entry", key); ok {
		var known []witness
		if json.Unmarshal(b, &known) == nil && c.stillTrue(known) {
			return nil
		}
	}
	s := c.newSources(r)
	if err := c.checkEntries(s, file); err != nil {
		return c.confirm(r, file, err)
	}
	if b, err := json.Marshal(c.witnesses(s)); err == nil {
		// Without the record the next composition checks again.
		_ = c.Store.PutRecord("entry", key, b)
	}
	return nil
}

// confirm checks again with nothing left out before a plugin is refused. When a package is
// missing the compiler has the better explanation.
func (c *composer) confirm(r requirements, file []byte, refusal error) error {
	s := c.newSources(r)
	s.whole = true
	err := c.checkEntries(s, file)
	if err != nil && s.unknown {
		c.note("%v; the compiler will tell for sure, as a package is missing", refusal)
		return nil
	}
	return err
}

// witness is a folder that a check has read: Content of its files, and what they declare.
type witness struct {
	Dir            string
	Content, Decls digest.Digest
}

func (c *composer) witnesses(s *sources) []witness {
	var list []witness
	for _, dir := range s.dirs {
		list = append(list, witness{dir, contentOf(dir), c.declsOf(dir)})
	}
	return list
}

func (c *composer) stillTrue(list []witness) bool {
	for _, w := range list {
		if d := contentOf(w.Dir); !d.IsZero() && d == w.Content {
			continue
		}
		if d := c.declsOf(w.Dir); d.IsZero() || d != w.Decls {
			return false
		}
	}
	return true
}

// contentOf is the digest of a package's Go files, zero when they cannot be read.
func contentOf(dir string) digest.Digest {
	names, err := goFiles(dir)
	if err != nil {
		return digest.Digest{}
	}
	k := digest.NewKey("content/1")
	for _, name := range names {
		b, err := readFile(filepath.Join(dir, name), maxSource)
		if err != nil {
			return digest.Digest{}
		}
		k.Add("file", name, string(b))
	}
	return k.Digest()
}

// declsOf is the digest of what a package declares, zero when it cannot be read.
func (c *composer) declsOf(dir string) digest.Digest {
	s := c.newSources(requirements{})
	files, err := s.parse(dir, true)
	if err != nil {
		return digest.Digest{}
	}
	k := digest.NewKey("decls/1")
	s.prune(files, false, dir == c.app.dir)
	for _, f := range files {
		var b bytes.Buffer
		if format.Node(&b, s.fset, f) != nil {
			return digest.Digest{}
		}
		k.Add("file", b.String())
	}
	return k.Digest()
}
