package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// coldBuild compares a first build of rpi4, with no store and no build cache, with its
// floor: the same bytes downloaded and thrown away, then the same go build with an empty
// build cache. What zig compiles of its C library upon first use is in both.
func (b *bench) coldBuild() error {
	store, cache := filepath.Join(b.tmp, "cold-store"), filepath.Join(b.tmp, "cold-cache")
	log := filepath.Join(b.tmp, "recording.json")
	if err := os.Remove(filepath.Join(b.dir, project, "graft.lock")); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cold := []string{"GRAFT_STORE=" + store, "GOCACHE=" + cache}
	t, err := b.run(cold, append([]string{self, "-record", log, "-graft", b.graft}, oneTarget("rpi4", "tar.gz")...)...)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	var r recording
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	// The floor begins where the build did, but for what was downloaded and unpacked.
	if err := errors.Join(rename(cache), rename(filepath.Join(store, "zig-cache"))); err != nil {
		return err
	}
	start := time.Now()
	n, err := b.download(r.Requests)
	if err != nil {
		return err
	}
	download := time.Since(start)
	argv := slices.Clone(r.Build.Argv)
	argv[slices.Index(argv, "-o")+1] = filepath.Join(b.tmp, "program")
	argv = append([]string{"env", "-i", "-C", r.Build.Dir}, append(r.environ(b.tmp), argv...)...)
	f, err := b.run(nil, argv...)
	if err != nil {
		return err
	}
	floor := download + f.wall
	fmt.Printf("cold build of rpi4: %s against a floor of %s (%s to download %s, %s go build): ratio %.2f; peak memory of graft %s\n",
		ms(t.wall), ms(floor), ms(download), mb(n), ms(f.wall), float64(t.wall)/float64(floor), mb(t.memory))
	for _, s := range r.Stages {
		fmt.Println("    " + s)
	}
	return nil
}

// rename puts a folder aside.
func rename(dir string) error {
	if err := os.Rename(dir, dir+".first"); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o755)
}

// environ is the environment of the recorded go build, with a folder for temporary files
// that is there.
func (r *recording) environ(tmp string) []string {
	var out []string
	for _, kv := range r.Build.Env {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "GOTMPDIR", "TMPDIR", "TMP", "TEMP":
			kv = name + "=" + tmp
		}
		out = append(out, kv)
	}
	return out
}

// download gets what the cold build got, as many at once as it, and keeps nothing.
func (b *bench) download(urls []request) (int64, error) {
	g, ctx := errgroup.WithContext(b.ctx)
	g.SetLimit(8)
	got := make([]int64, len(urls))
	for i, u := range urls {
		g.Go(func() error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.URL, nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			got[i], err = io.Copy(io.Discard, res.Body)
			if err == nil && got[i] != u.Bytes {
				err = fmt.Errorf("get %s: %d bytes, graft had %d", u.URL, got[i], u.Bytes)
			}
			return err
		})
	}
	err := g.Wait()
	var sum int64
	for _, n := range got {
		sum += n
	}
	return sum, err
}
