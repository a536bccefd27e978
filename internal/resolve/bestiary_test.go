package resolve_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/graft-build/graft/internal/resolve"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// TestBestiary runs the files of testdata. Each has a repository, and cases: what is asked
// ("needs: …", "roots: …", and "plain" for a repository without evidence), and what comes out.
func TestBestiary(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no bestiary", err)
	}
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(ar.Files); i += 2 {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+ar.Files[i].Name, func(t *testing.T) {
				ask, want := string(ar.Files[i].Data), string(ar.Files[i+1].Data)
				got := run(t, string(ar.Files[0].Data), ask)
				if *update {
					ar.Files[i+1].Data = []byte(got)
				} else if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
				// The order in which things are said makes no difference.
				r := rand.New(rand.NewPCG(1, 1))
				for range 5 {
					if again := run(t, string(ar.Files[0].Data), shuffle(r, ask)); again != got {
						t.Errorf("asked in another order: %s", cmp.Diff(got, again))
					}
				}
			})
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func shuffle(r *rand.Rand, ask string) string {
	var out []string
	for _, line := range lines(ask) {
		key, words, _ := strings.Cut(line, ":")
		w := strings.Fields(words)
		r.Shuffle(len(w), func(i, j int) { w[i], w[j] = w[j], w[i] })
		out = append(out, key+": "+strings.Join(w, " "))
	}
	return strings.Join(out, "\n")
}

func run(t *testing.T, text, ask string) string {
	t.Helper()
	var needs []resolve.Need
	var roots []string
	b := mustBeast(t, text)
	var repo resolve.Repository = learned{b}
	for _, line := range lines(ask) {
		key, words, _ := strings.Cut(line, ":")
		switch key {
		case "needs":
			for _, w := range strings.Fields(words) {
				needs = append(needs, need(w))
			}
		case "roots":
			roots = strings.Fields(words)
		case "plain":
			repo = b
		}
	}
	res, err := resolve.Closures(t.Context(), repo, needs, roots)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return show(res)
}

// need reads "kind:name", "header?:name" for a soft one, "header:name@place" for one with places.
func need(w string) resolve.Need {
	kind, name, _ := strings.Cut(w, ":")
	n := resolve.Need{Kind: resolve.NeedKind(strings.TrimSuffix(kind, "?")), Soft: strings.HasSuffix(kind, "?")}
	var place string
	if n.Name, place, _ = strings.Cut(name, "@"); place != "" {
		n.Places = []string{place}
	}
	n.From = []string{"example.com/" + n.Name}
	return n
}

func show(res resolve.Result) string {
	var b strings.Builder
	for _, p := range res.Packages {
		flags := ""
		if p.Build {
			flags += " build"
		}
		if p.Run {
			flags += " run"
		}
		fmt.Fprintf(&b, "%s %s%s", p.Name, p.Version, flags)
		if len(p.Depends) > 0 {
			b.WriteString(" > " + strings.Join(p.Depends, " "))
		}
		if len(p.For) > 0 {
			b.WriteString(" for " + strings.Join(p.For, " "))
		}
		b.WriteByte('\n')
	}
	for _, d := range res.Decisions {
		b.WriteString("- " + d + "\n")
	}
	return b.String()
}

func TestMissingError(t *testing.T) {
	b := mustBeast(t, "Package: a\nHolds: develop\nConfigs: a:\n")
	_, err := resolve.Closures(t.Context(), learned{b}, []resolve.Need{
		{Kind: resolve.PkgConfig, Name: "x", From: []string{"m/q", "m/p"}},
		{Kind: resolve.PkgConfig, Name: "x", From: []string{"m/p"}},
		{Kind: resolve.PkgConfig, Name: "a"},
	}, []string{"r"})
	var missing *resolve.MissingError
	if !errors.As(err, &missing) {
		t.Fatalf("error %v", err)
	}
	want := []resolve.MissingNeed{
		{Need: resolve.Need{Kind: resolve.PkgConfig, Name: "x", From: []string{"m/p", "m/q"}}, Similar: []string{"pkg-config:like-x"}},
		{Need: resolve.Need{Kind: resolve.NamePackage, Name: "r"}, Similar: []string{"package:like-r"}},
	}
	if d := cmp.Diff(want, missing.Needs); d != "" {
		t.Error(d)
	}
}

// failing is a repository whose every answer can be made to fail.
type failing struct {
	learned
	left int
}

var errBroken = errors.New("broken")

func (f *failing) fail() error {
	if f.left--; f.left < 0 {
		return errBroken
	}
	return nil
}

func (f *failing) Find(ctx context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	c, _ := f.learned.Find(ctx, n)
	return c, f.fail()
}

func (f *failing) Depends(ctx context.Context, p resolve.Package) ([]resolve.Dependency, error) {
	d, _ := f.learned.Depends(ctx, p)
	return d, f.fail()
}

func (f *failing) Traits(ctx context.Context, p resolve.Package) (resolve.Traits, error) {
	d, _ := f.learned.Traits(ctx, p)
	return d, f.fail()
}

func (f *failing) Prepare(context.Context, []resolve.Package, []resolve.Package) error {
	return f.fail()
}

func (f *failing) Files(ctx context.Context, p resolve.Package) (resolve.Files, error) {
	d, _ := f.learned.Files(ctx, p)
	return d, f.fail()
}

func (f *failing) Develop(ctx context.Context, p resolve.Package) (resolve.Development, error) {
	d, _ := f.learned.Develop(ctx, p)
	return d, f.fail()
}

// TestFaults lets each question to the repository fail in turn: the failure comes out.
func TestFaults(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/evidence.txtar")
	if err != nil {
		t.Fatal(err)
	}
	needs := []resolve.Need{{Kind: resolve.PkgConfig, Name: "cairo"}}
	for n := 0; ; n++ {
		f := &failing{learned: learned{mustBeast(t, string(ar.Files[0].Data))}, left: n}
		_, err := resolve.Closures(t.Context(), f, needs, nil)
		if err == nil {
			if n < 20 {
				t.Errorf("only %d questions were asked", n)
			}
			return
		}
		if !errors.Is(err, errBroken) {
			t.Fatalf("failure %d came out as %v", n, err)
		}
	}
}

// FuzzClosures resolves hostile repositories: it ends, and twice with the same result.
func FuzzClosures(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(ar.Files[0].Data), true)
	}
	f.Fuzz(func(t *testing.T, text string, evidence bool) {
		if len(text) > 4096 {
			return
		}
		b, err := newBeast(text)
		if err != nil {
			return
		}
		var needs []resolve.Need
		for _, a := range b.packages {
			for _, c := range a.files.Configs {
				needs = append(needs, resolve.Need{Kind: resolve.PkgConfig, Name: c})
			}
			needs = append(needs, resolve.Need{Kind: resolve.NamePackage, Name: a.Name})
		}
		var repo resolve.Repository = b
		if evidence {
			repo = learned{b}
		}
		one, err1 := resolve.Closures(t.Context(), repo, needs, nil)
		two, err2 := resolve.Closures(t.Context(), repo, needs, nil)
		if fmt.Sprint(err1) != fmt.Sprint(err2) || !cmp.Equal(one, two) {
			t.Fatalf("two results: %v, %v, %s", err1, err2, cmp.Diff(one, two))
		}
	})
}
