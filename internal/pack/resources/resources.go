// Package resources writes into a Windows program what the Explorer shows of it and how
// Windows treats it: icon, version information, application manifest. It works on the
// finished program, so that a new icon needs no compiler: the go command reads .syso files
// only from real folders, and an overlay cannot bring one (cmd/go's pack ignores it).
//
// The same input gives the same bytes.
package resources

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strconv"
	"strings"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// Resources are what a program shall have.
type Resources struct {
	Program     string // file name: "image-server.exe"
	Name        string // of the product
	Version     string // "1.2.0-rc1": the numbers in it are the binary version
	Description string
	Company     string
	Copyright   string
	Icon        []byte // an .ico, or a .png that is scaled to the usual sizes; nil for none
	Manifest    []byte // XML; nil for one that says: as the user who starts it, DPI aware, long paths
}

// MaxFile is the largest icon or manifest file.
const MaxFile = 16 << 20

// maxPixels bounds what an icon may unpack to.
const maxPixels = 4096

// Apply copies the program in src to dst with the resources in place of those it has.
func (r Resources) Apply(dst io.Writer, src io.ReadSeeker) error {
	set := &winres.ResourceSet{}
	if err := r.addIcon(set); err != nil {
		return fmt.Errorf("add icon: %w", err)
	}
	if err := r.addManifest(set); err != nil {
		return fmt.Errorf("add application manifest: %w", err)
	}
	info, err := r.info()
	if err != nil {
		return fmt.Errorf("add version information: %w", err)
	}
	set.SetVersionInfo(info)
	return set.WriteToEXE(dst, src)
}

func (r Resources) addIcon(set *winres.ResourceSet) error {
	if r.Icon == nil {
		return nil
	}
	icon, err := parseIcon(r.Icon)
	if err != nil {
		return err
	}
	return set.SetIcon(winres.Name("APPICON"), icon)
}

func parseIcon(b []byte) (*winres.Icon, error) {
	if bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) {
		c, err := png.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		if c.Width > maxPixels || c.Height > maxPixels || c.Width < 1 || c.Height < 1 {
			return nil, fmt.Errorf("it has %d × %d pixels: want 1 to %d", c.Width, c.Height, maxPixels)
		}
		var img image.Image
		if img, err = png.Decode(bytes.NewReader(b)); err != nil {
			return nil, err
		}
		return winres.NewIconFromResizedImage(img, nil)
	}
	if err := checkICO(b); err != nil {
		return nil, err
	}
	return winres.LoadICO(bytes.NewReader(b))
}

// checkICO makes sure that the sizes in an .ico are those of the file, before a library
// allocates them.
func checkICO(b []byte) error {
	if len(b) < 6 || !bytes.Equal(b[:4], []byte{0, 0, 1, 0}) {
		return errors.New("it is neither .ico nor .png")
	}
	le32 := func(at int) uint64 {
		return uint64(b[at]) | uint64(b[at+1])<<8 | uint64(b[at+2])<<16 | uint64(b[at+3])<<24
	}
	n := int(b[4]) | int(b[5])<<8
	if n == 0 || n > 64 || len(b) < 6+16*n {
		return fmt.Errorf("it holds %d images: want 1 to 64, and all of them there", n)
	}
	for i := range n {
		at := 6 + 16*i
		if size, offset := le32(at+8), le32(at+12); size == 0 || offset+size > uint64(len(b)) {
			return fmt.Errorf("image %d ends behind the end of the file", i+1)
		}
	}
	return nil
}

func (r Resources) addManifest(set *winres.ResourceSet) error {
	if r.Manifest == nil {
		set.SetManifest(winres.AppManifest{LongPathAware: true})
		return nil
	}
	if _, err := winres.AppManifestFromXML(r.Manifest); err != nil {
		return err
	}
	return set.Set(winres.RT_MANIFEST, winres.ID(1), winres.LCIDDefault, r.Manifest)
}

// info is the version information. Files without a time of making are usual.
func (r Resources) info() (version.Info, error) {
	var info version.Info
	numbers, err := binaryVersion(r.Version)
	if err != nil {
		return info, err
	}
	info.FileVersion, info.ProductVersion = numbers, numbers
	info.Type = version.App
	for _, f := range []struct{ key, value string }{
		{version.ProductName, r.Name}, {version.InternalName, r.Name}, {version.OriginalFilename, r.Program},
		{version.FileVersion, r.Version}, {version.ProductVersion, r.Version},
		{version.FileDescription, r.Description}, {version.CompanyName, r.Company}, {version.LegalCopyright, r.Copyright},
	} {
		if f.value == "" {
			continue
		}
		if err := info.Set(version.LangDefault, f.key, f.value); err != nil {
			return info, fmt.Errorf("%s: %w", f.key, err)
		}
	}
	return info, nil
}

// binaryVersion takes the first four numbers of a version.
func binaryVersion(v string) (out [4]uint16, err error) {
	v, _, _ = strings.Cut(v, "-")
	v, _, _ = strings.Cut(v, "+")
	v, _, _ = strings.Cut(v, "~")
	for i, part := range strings.Split(v, ".") {
		if i == len(out) {
			break
		}
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		if digits == "" {
			break
		}
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return out, fmt.Errorf("version %s: a number of it is above 65535, which Windows cannot write down", v)
		}
		out[i] = uint16(n)
	}
	return out, nil
}
