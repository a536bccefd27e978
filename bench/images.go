package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// images are the figures of container images: a pure Go program against ko, one with
// libraries against umoci and buildah, and what an edit of a plugin costs to push.
func (b *bench) images() error {
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	for _, f := range []func(string) error{b.againstKo, b.againstUnpacked, b.pushEdited} {
		if err := f(host); err != nil {
			return err
		}
	}
	return nil
}

// pairs measures two things in turn and prints the ratio of their medians. Before each one
// prepare is called.
func (b *bench) pairs(what string, prepare func() error, ours, theirs func() (took, error)) error {
	_, err := b.ratio(what, prepare, ours, theirs)
	fmt.Println()
	return err
}

// ratio is pairs for those who have something to add to the line.
func (b *bench) ratio(what string, prepare func() error, ours, theirs func() (took, error)) (float64, error) {
	var a, c []time.Duration
	var ratios []float64
	for i := range b.rounds + 1 {
		var pair [2]took
		for k, f := range []func() (took, error){ours, theirs} {
			if err := prepare(); err != nil {
				return 0, err
			}
			var err error
			if pair[k], err = f(); err != nil {
				return 0, err
			}
		}
		if i > 0 { // the first pair fills caches
			a, c = append(a, pair[0].wall), append(c, pair[1].wall)
			ratios = append(ratios, float64(pair[0].wall)/float64(pair[1].wall))
		}
	}
	slices.Sort(ratios)
	ratio := float64(median(a)) / float64(median(c))
	fmt.Printf("%s: %s against %s: ratio %.2f (pairs %.2f to %.2f)", what, ms(median(a)), ms(median(c)), ratio, ratios[0], ratios[len(ratios)-1])
	return ratio, nil
}

// againstKo builds the image of a pure Go program after an edit. Ko's base image is an empty
// one of a registry on this machine: none is fetched in the time that is measured.
func (b *bench) againstKo(host string) error {
	ko, err := exec.LookPath("ko")
	if err != nil {
		fmt.Println("image of a pure Go program: ko is not installed (go install github.com/google/ko@latest)")
		return nil
	}
	base, err := name.ParseReference(host + "/base:1")
	if err != nil {
		return err
	}
	file, err := empty.Image.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", "amd64"
	img, err := mutate.ConfigFile(empty.Image, file)
	if err != nil {
		return err
	}
	if err := remote.Write(base, img); err != nil {
		return err
	}
	app := filepath.Join(b.dir, "examples", "mainapp")
	main := filepath.Join(app, "main.go")
	src, err := os.ReadFile(main)
	if err != nil {
		return err
	}
	defer os.WriteFile(main, src, 0o644)
	edit := func() error {
		return os.WriteFile(main, fmt.Appendf(slices.Clone(src), "\nfunc init() { println(%d) }\n", time.Now().UnixNano()), 0o644)
	}
	env := []string{"KO_DEFAULTBASEIMAGE=" + base.String(), "KO_DOCKER_REPO=" + host + "/ko", "SOURCE_DATE_EPOCH=0"}
	return b.pairs("image of a pure Go program, edited, graft against ko (without an SBOM)", edit,
		func() (took, error) {
			return b.run(nil, b.graft, "build", app, "--target", "linux/amd64/musl", "--format", "oci", "--out", "pure")
		},
		func() (took, error) {
			return b.run(env, "sh", "-c", `cd "$1" && exec "$0" build --push=false --sbom=none --platform=linux/amd64 --oci-layout-path="$2" .`, ko, app, filepath.Join(b.tmp, "ko"))
		})
}

// againstUnpacked packs the image of a program with libraries, all of which is there. The
// others get the finished file system: umoci as one layer that is inserted, buildah as a copy.
func (b *bench) againstUnpacked(string) error {
	build := []string{b.graft, "build", project, "--target", "linux/amd64", "--format", "oci", "--out", "image"}
	if _, err := b.run(nil, build...); err != nil {
		return err
	}
	root, layout, err := b.unpackImage()
	if err != nil {
		return err
	}
	again := func() error { return os.RemoveAll(filepath.Join(b.dir, "image")) }
	graft := func() (took, error) { return b.run(nil, build...) }
	for _, other := range [][2]string{
		{"umoci", `rm -rf "$1" && umoci init --layout "$1" && umoci new --image "$1:x" && umoci insert --image "$1:x" "$0" /`},
		{"buildah", `rm -rf "$1" && c=$(buildah --root "$2/r" --runroot "$2/rr" --storage-driver vfs from scratch) && buildah --root "$2/r" --runroot "$2/rr" --storage-driver vfs copy -q $c "$0" / >/dev/null && buildah --root "$2/r" --runroot "$2/rr" --storage-driver vfs commit -q --rm $c "oci:$1:x"`},
	} {
		tool, script := other[0], other[1]
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Printf("image of a program with libraries: %s is not installed\n", tool)
			continue
		}
		err := b.pairs("image of a program with libraries, packed again, graft against "+tool, again, graft, func() (took, error) {
			return b.run(nil, "sh", "-c", script, root, layout, filepath.Join(b.tmp, tool))
		})
		if err != nil {
			fmt.Printf("image of a program with libraries, against %s: %.300v\n", tool, err)
		}
	}
	return nil
}

// unpackImage makes the file system of the image that was built, and names a place for another.
func (b *bench) unpackImage() (root, layout string, err error) {
	files, err := filepath.Glob(filepath.Join(b.dir, "image", "*.oci.tar"))
	if err != nil || len(files) != 1 {
		return "", "", fmt.Errorf("images: %q, %w", files, err)
	}
	root, layout = filepath.Join(b.tmp, "root"), filepath.Join(b.tmp, "layout")
	script := `mkdir -p "$1" "$2" && tar xf "$0" -C "$2" && for l in $(tr ',{' '\n\n' < "$2"/blobs/sha256/$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' "$2/index.json") | sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p'); do tar xzf "$2/blobs/sha256/$l" -C "$1" 2>/dev/null || true; done`
	_, err = b.run(nil, "sh", "-c", script, files[0], root, layout)
	return root, layout, err
}

// pushEdited pushes, edits a plugin, and pushes again.
func (b *bench) pushEdited(host string) error {
	var sizes [2]struct{ BytesSent, BytesTotal int64 }
	file := filepath.Join(b.dir, "examples", "count-plugin", "count.go")
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	defer os.WriteFile(file, src, 0o644)
	for i := range sizes {
		cmd := exec.CommandContext(b.ctx, b.graft, "publish", "oci://"+host+"/tailored", project, "--target", "linux/amd64", "--out", "pushed", "--json")
		cmd.Dir, cmd.Env = b.dir, b.environ()
		out, err := cmd.Output()
		if err == nil {
			err = json.Unmarshal(out, &sizes[i])
		}
		if err == nil {
			err = os.WriteFile(file, append(slices.Clone(src), "\nfunc init() { println(\"edited\") }\n"...), 0o644)
		}
		if err != nil {
			return fmt.Errorf("push: %w", err)
		}
	}
	all, edited := sizes[0], sizes[1]
	fmt.Printf("push of an image: %s sent of %s; after an edit of a plugin: %s, %.2f of it\n",
		mb(all.BytesSent), mb(all.BytesTotal), mb(edited.BytesSent), float64(edited.BytesSent)/float64(all.BytesSent))
	return nil
}
