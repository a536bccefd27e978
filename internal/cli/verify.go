package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
)

func (a *app) verifyCommand() *cobra.Command {
	var f composition
	var dir, sbom, signature, key string
	c := &cobra.Command{
		Use:   "verify [DIST|FILE...]",
		Short: "Build artifacts again and compare them; check a bill of materials or a signature",
		Long: `Verify checks the folder of artifacts DIST (default: dist) against its artifacts.json and
SHA256SUMS, builds everything in it again from manifest and lock, in a place of its own and
without anything that was compiled before, and says equal, or what the first difference of
each artifact is: which file in it, which section of a program. With the names of files in
the folder only these are compared, and only their targets are built.

The project is the folder that you are in, or the one of -C. Plugins and tags that were given
to graft build beside the manifest have to be given again.

--sbom FILE checks that a bill of materials was not changed and is of the artifact beside it.
--signature FILE --key PUBLIC checks the signature of provenance and the artifacts beside it;
nothing is built then.

The exit status is 4 when something differs.`,
		Example: `  graft verify
  graft verify -C examples/image-server dist
  graft verify dist/image-server_1.0.0_armhf.deb
  graft verify --sbom dist/image-server_1.0.0_armhf.deb.cdx.json
  graft verify --signature dist/image-server_1.0.0_armhf.deb.intoto.jsonl --key key.pub`,
		RunE: func(c *cobra.Command, args []string) error {
			if sbom != "" || signature != "" {
				if len(args) > 0 {
					return &usageError{c.CommandPath(), fmt.Errorf("--sbom and --signature name what is checked; %s is too much", args[0])}
				}
				return a.checkStatements(c, sbom, signature, key)
			}
			if key != "" {
				return &usageError{c.CommandPath(), fmt.Errorf("--key belongs to --signature")}
			}
			folder, names, err := a.verified(c, args)
			if err != nil {
				return err
			}
			p, err := a.open(dir)
			if err != nil {
				return err
			}
			f.req.Dir = a.Dir
			res, err := p.Verify(c.Context(), f.req, folder, names...)
			if err != nil {
				return err
			}
			a.view.close()
			return a.printVerification(res)
		},
	}
	f.add(c)
	a.workFlags(c)
	c.Flags().StringVarP(&dir, "directory", "C", ".", "folder of the project")
	c.Flags().StringVar(&f.req.App, "app", "", "application, when it was given to graft build: package@version")
	c.Flags().StringVar(&f.req.Name, "name", "", "name of the program, when it was given to graft build")
	c.Flags().StringVar(&f.req.Version, "app-version", "", "version of the artifacts, the same")
	c.Flags().StringVar(&sbom, "sbom", "", "bill of materials to check")
	c.Flags().StringVar(&signature, "signature", "", "file of provenance to check")
	c.Flags().StringVar(&key, "key", "", "public key (PEM) that --signature is checked with")
	return c
}

// verified separates the arguments into the folder of artifacts and names of files in it.
func (a *app) verified(c *cobra.Command, args []string) (folder string, names []string, err error) {
	folder = "dist"
	for i, arg := range args {
		at := arg
		if !filepath.IsAbs(at) {
			at = filepath.Join(a.Dir, at)
		}
		fi, err := os.Stat(at)
		if err != nil {
			return "", nil, &usageError{c.CommandPath(), fmt.Errorf("there is no %s", arg)}
		}
		in := arg
		if !fi.IsDir() {
			in, names = filepath.Dir(arg), append(names, filepath.Base(arg))
		}
		if i > 0 && in != folder || i > 0 && fi.IsDir() {
			return "", nil, &usageError{c.CommandPath(), fmt.Errorf("want one folder, or files of one folder")}
		}
		folder = in
	}
	return folder, names, nil
}

func (a *app) printVerification(res *graft.Verification) error {
	if a.json {
		if err := a.printJSON(res); err != nil {
			return err
		}
	}
	differ := 0
	for _, v := range res.Artifacts {
		text := "equal"
		if !v.Equal {
			text = "differs: " + v.Difference
			differ++
		}
		if !a.json {
			fmt.Fprintf(a.Stdout, "%s: %s\n", filepath.Join(res.Folder, v.File), printable(text))
		}
	}
	if differ > 0 {
		return &graft.ChangedError{Text: fmt.Sprintf("%d of %d artifacts differ from what is built of manifest and lock", differ, len(res.Artifacts))}
	}
	return nil
}

func (a *app) checkStatements(c *cobra.Command, sbom, signature, key string) error {
	place := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(a.Dir, name)
	}
	if signature != "" && key == "" {
		return &usageError{c.CommandPath(), fmt.Errorf("--signature needs the public key: --key FILE")}
	}
	var out struct {
		SBOM      *graft.CheckedSBOM      `json:"sbom,omitempty"`
		Signature *graft.CheckedSignature `json:"signature,omitempty"`
	}
	var err error
	if sbom != "" {
		if out.SBOM, err = graft.CheckSBOM(place(sbom)); err != nil {
			return err
		}
		out.SBOM.File = sbom
	}
	if signature != "" {
		if out.Signature, err = graft.CheckSignature(place(signature), place(key)); err != nil {
			return err
		}
		out.Signature.File = signature
	}
	if a.json {
		return a.printJSON(out)
	}
	if out.SBOM != nil {
		fmt.Fprintf(a.Stdout, "%s: %s of %s, unchanged, with %d components\n", sbom, out.SBOM.Format, out.SBOM.Artifact, out.SBOM.Components)
	}
	if s := out.Signature; s != nil {
		fmt.Fprintf(a.Stdout, "%s: signed by that key\n", signature)
		for _, name := range s.Subjects {
			fmt.Fprintf(a.Stdout, "  %s: unchanged\n", name)
		}
		for _, name := range s.Missing {
			fmt.Fprintf(a.Stdout, "  %s: not there\n", name)
		}
	}
	return nil
}
