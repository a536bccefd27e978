package resolve_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/graft-build/graft/internal/format/deb822"
	"github.com/graft-build/graft/internal/format/debver"
	"github.com/graft-build/graft/internal/resolve"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// beast is a repository in a text. Its paragraphs are packages:
//
//	Package, Version (1), Source, Depends, Provides: as in Debian
//	Holds: any of develop library programs system data doclink
//	Configs: "name: -llib -llib require …; private …", one a line
//	Includes, Headers, Libraries: words
//	Links: "name=target -llib", "name=" for an archive alone, one a line
type beast struct {
	packages []*animal
	read     []string // names that Develop was asked for
	known    bool     // it can tell evidence
}

type animal struct {
	resolve.Package
	version           debver.Version
	depends, provides []deb822.Alternatives
	traits            resolve.Traits
	files             resolve.Files
	development       resolve.Development
}

func newBeast(text string) (*beast, error) {
	b := &beast{}
	in := deb822.NewReader(strings.NewReader(text)).Comments()
	for {
		p, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		a, err := newAnimal(p)
		if err != nil {
			return nil, err
		}
		b.packages = append(b.packages, a)
	}
	// The newest first, whatever the order of the text.
	slices.SortStableFunc(b.packages, func(x, y *animal) int { return y.version.Compare(x.version) })
	return b, nil
}

func mustBeast(t testing.TB, text string) *beast {
	t.Helper()
	b, err := newBeast(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newAnimal(p deb822.Paragraph) (*animal, error) {
	a := &animal{}
	a.Name, a.Version, a.Source, a.Arch = p.Get("Package"), p.Get("Version"), p.Get("Source"), "any"
	if !deb822.ValidName(a.Name) {
		return nil, fmt.Errorf("name %q", a.Name)
	}
	if a.Version == "" {
		a.Version = "1"
	}
	if a.Source == "" {
		a.Source = a.Name
	}
	var errs [4]error
	a.version, errs[0] = debver.Parse(a.Version)
	a.depends, errs[1] = deb822.ParseRelations(p.Get("Depends"))
	a.provides, errs[2] = deb822.ParseRelations(p.Get("Provides"))
	errs[3] = a.hold(strings.Fields(p.Get("Holds")))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	a.files.Headers = strings.Fields(p.Get("Headers"))
	a.files.Libraries = strings.Fields(p.Get("Libraries"))
	a.development.Includes = strings.Fields(p.Get("Includes"))
	for _, line := range lines(p.Get("Configs")) {
		a.config(line)
	}
	for _, line := range lines(p.Get("Links")) {
		a.link(line)
	}
	return a, nil
}

func (a *animal) link(line string) {
	name, targets, _ := strings.Cut(line, "=")
	l := resolve.Link{Name: name}
	for _, w := range strings.Fields(targets) {
		if lib, ok := strings.CutPrefix(w, "-l"); ok {
			l.Libs = append(l.Libs, lib)
		} else {
			l.Targets = append(l.Targets, w)
		}
	}
	l.Static = l.Targets == nil && l.Libs == nil
	a.development.Links = append(a.development.Links, l)
	if !l.Static {
		a.files.Libraries = append(a.files.Libraries, "lib"+name+".so")
	}
}

func lines(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
}

func (a *animal) hold(words []string) error {
	a.traits.Empty = true
	for _, w := range words {
		switch w {
		case "develop":
			a.traits.Develop = true
		case "library":
			a.traits.Library = true
		case "programs":
			a.traits.Programs = true
		case "system":
			a.traits.System = true
		case "data":
			a.traits.Data = true
		case "doclink":
			a.traits.DocLink = true
			continue
		default:
			return fmt.Errorf("%s holds %q", a.Name, w)
		}
		a.traits.Empty = false
	}
	return nil
}

func (a *animal) config(line string) {
	name, rest, _ := strings.Cut(line, ":")
	public, private, _ := strings.Cut(rest, ";")
	c := resolve.Config{Name: name, Private: strings.Fields(private)}
	for _, w := range strings.Fields(public) {
		if lib, ok := strings.CutPrefix(w, "-l"); ok {
			c.Libs = append(c.Libs, lib)
		} else {
			c.Requires = append(c.Requires, w)
		}
	}
	a.development.Configs = append(a.development.Configs, c)
	a.files.Configs = append(a.files.Configs, name)
}

func (b *beast) animal(p resolve.Package) *animal {
	for _, a := range b.packages {
		if a.Package == p {
			return a
		}
	}
	panic("no package " + p.Name)
}

func (b *beast) Find(_ context.Context, n resolve.Need) ([]resolve.Candidate, error) {
	var out []resolve.Candidate
	for _, a := range b.packages {
		ok := false
		switch n.Kind {
		case resolve.NamePackage:
			ok = a.Name == n.Name
		case resolve.PkgConfig:
			ok = slices.Contains(a.files.Configs, n.Name)
		case resolve.Library:
			ok = slices.ContainsFunc(a.development.Links, func(l resolve.Link) bool { return l.Name == n.Name })
		case resolve.Header:
			ok = slices.Contains(a.files.Headers, n.Name)
		}
		if ok && !slices.ContainsFunc(out, func(c resolve.Candidate) bool { return c.Name == a.Name }) {
			out = append(out, resolve.Candidate{Package: a.Package, File: n.Name})
		}
	}
	slices.SortStableFunc(out, func(x, y resolve.Candidate) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}

func (b *beast) Depends(_ context.Context, p resolve.Package) ([]resolve.Dependency, error) {
	var out []resolve.Dependency
	for _, alt := range b.animal(p).depends {
		d := resolve.Dependency{Text: alt.String()}
		for _, r := range alt {
			for _, virtual := range []bool{false, true} {
				for _, a := range b.packages {
					if a.satisfies(r, virtual) && !slices.Contains(d.Candidates, a.Package) {
						d.Candidates = append(d.Candidates, a.Package)
					}
				}
			}
		}
		out = append(out, d)
	}
	return out, nil
}

func (a *animal) satisfies(r deb822.Relation, virtual bool) bool {
	if !virtual {
		return a.Name == r.Name && r.Op.Holds(a.version, r.Version)
	}
	for _, alt := range a.provides {
		if p := alt[0]; p.Name == r.Name && (r.Op == debver.None || p.Op == debver.Equal && r.Op.Holds(p.Version, r.Version)) {
			return true
		}
	}
	return false
}

func (b *beast) Traits(_ context.Context, p resolve.Package) (resolve.Traits, error) {
	return b.animal(p).traits, nil
}

// learned is a beast that can tell evidence.
type learned struct{ *beast }

func (b learned) Prepare(context.Context, []resolve.Package, []resolve.Package) error { return nil }

func (b learned) Files(_ context.Context, p resolve.Package) (resolve.Files, error) {
	return b.animal(p).files, nil
}

func (b learned) Develop(_ context.Context, p resolve.Package) (resolve.Development, error) {
	b.read = append(b.read, p.Name)
	return b.animal(p).development, nil
}

func (b learned) Similar(_ context.Context, n resolve.Need) ([]string, error) {
	return []string{string(n.Kind) + ":like-" + n.Name}, nil
}

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
				kind, name, _ := strings.Cut(w, ":")
				needs = append(needs, resolve.Need{Kind: resolve.NeedKind(kind), Name: name, From: []string{"example.com/" + name}})
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
