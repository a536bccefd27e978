package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/graft-build/graft"
	"github.com/graft-build/graft/manifest"
)

// publication are the flags of publish.
type publication struct {
	composition
	tags                      []string
	folder                    graft.Folder
	keyFile, passphrase, date string
}

// Flags that only one kind of destination has.
var (
	registryFlags = []string{"tag"}
	folderFlags   = []string{"key", "passphrase-file", "suite", "component", "origin", "url", "date"}
)

func (a *app) publishCommand() *cobra.Command {
	var f publication
	c := &cobra.Command{
		Use:   "publish oci://HOST/NAME[:TAG]|DIR [APP]",
		Short: "Build, and push images to a registry or add packages to a signed repository",
		Long: `Publish builds what the manifest says, unless all of it is up to date, and brings it
to a registry of container images or to a folder.

oci://HOST/NAME:TAG   gets an image of each Linux target: several as one index, from
which each machine gets its own. Without TAG and --tag the tag is the version. What
the registry has is not sent again. Tags come last: an interrupted push leaves them
as they were, and a second one goes on where it ended. Users and passwords are those
of docker login, podman login or skopeo login, and their credential helpers.
Registries are asked over https; over http only on this machine, or where the
address says oci+http://.

DIR   gets the Debian packages as an apt repository and all other artifacts as files,
with SHA256SUMS, index.html and the public key. What was published before stays; to
take a version back, remove its file and publish again. Everything is signed with an
OpenPGP key: --key FILE, or GRAFT_SIGN_KEY with the file's name or the armored key
itself; its passphrase is in --passphrase-file or GRAFT_SIGN_PASSPHRASE. Several
may publish to DIR at once; an interrupted publication leaves the index as it was.
The index states --date, SOURCE_DATE_EPOCH or the clock, whichever is given first.`,
		Example: `  graft publish oci://registry.example.com/team/app
  graft publish oci://registry.example.com/team/app:1.0.0 --tag 1.0 --tag latest ./app --target linux/amd64 --target linux/arm64
  graft publish oci://localhost:5000/app --json
  graft publish /srv/packages --key secret.asc --url https://packages.example.com
  graft publish ../repo ./app --format deb --target rpi4 --key secret.asc --suite testing`,
		Args: arguments(1, 2, "oci://HOST/NAME:TAG or a folder, and one application at most"),
		RunE: func(c *cobra.Command, args []string) error { return a.publish(c, &f, args) },
	}
	f.add(c)
	f.addTargets(c)
	a.workFlags(c)
	flags := c.Flags()
	flags.StringSliceVarP(&f.req.Formats, "format", "f", nil, "artifact to write: "+strings.Join(manifest.Formats, ", ")+" (repeatable)")
	flags.StringSliceVar(&f.tags, "tag", nil, "tag beside the address's (repeatable)")
	flags.StringVarP(&f.req.Out, "out", "o", "dist", "folder for the artifacts")
	flags.StringVar(&f.req.Name, "name", "", "name of the program and its artifacts")
	flags.StringVar(&f.req.Version, "app-version", "", "version of the artifacts")
	flags.StringVar(&f.keyFile, "key", "", "file with the secret OpenPGP key that signs DIR")
	flags.StringVar(&f.passphrase, "passphrase-file", "", "file with the key's passphrase")
	flags.StringVar(&f.folder.Suite, "suite", "stable", "suite of the apt repository")
	flags.StringVar(&f.folder.Component, "component", "main", "component of the suite")
	flags.StringVar(&f.folder.Origin, "origin", "", "who publishes (default: as before, else the program's name)")
	flags.StringVar(&f.folder.URL, "url", "", "address where DIR is served (default: as before)")
	flags.StringVar(&f.date, "date", "", "date of the index: 2026-01-31 or 2026-01-31T12:00:00Z")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(manifest.Formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) publish(c *cobra.Command, f *publication, args []string) error {
	registry, wrong := strings.Contains(args[0], "://"), registryFlags
	if registry {
		wrong = folderFlags
	}
	for _, name := range wrong {
		if c.Flags().Changed(name) {
			return &usageError{c.CommandPath(), fmt.Errorf("--%s has no meaning for %s", name, args[0])}
		}
	}
	if !registry {
		if err := a.folderOptions(f, args[0]); err != nil {
			return &usageError{c.CommandPath(), err}
		}
	}
	p, err := a.open(a.split(args[1:], &f.req))
	if err != nil {
		return err
	}
	f.req.Dir = a.Dir
	if !registry {
		res, err := p.PublishFolder(c.Context(), f.req, f.folder)
		if err != nil {
			return err
		}
		a.view.close()
		return a.printFolder(res)
	}
	res, err := p.Publish(c.Context(), f.req, args[0], f.tags...)
	if err != nil {
		return err
	}
	a.view.close()
	return a.printPublished(res)
}

func (a *app) printPublished(res *graft.Published) error {
	if a.json {
		return a.printJSON(res)
	}
	for _, tag := range res.Tags {
		if _, err := fmt.Fprintf(a.Stdout, "%s:%s@%s\n", res.Repository, tag, res.Digest); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.Stderr, "sent %s of %s: %d layers sent, %d taken from other repositories, %d there already\n",
		size(res.BytesSent), size(res.BytesTotal), res.Layers.Sent, res.Layers.Mounted, res.Layers.Present)
	return nil
}
