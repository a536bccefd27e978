package pack

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// The one user of an image beside root, and his folder.
const (
	home   = "/home/nonroot"
	userID = 65532
)

// skeleton is what an image has of itself, whatever is packed: folders, accounts, the name
// of the distribution.
func skeleton(t *tree, in In) {
	accounts(t)
	release(t, in.Repo)
	folders := []string{"bin", "lib", "sbin"}
	if at := strings.Split(in.Target.ABI.Loader, "/"); len(at) > 2 && !slices.Contains(folders, at[1]) {
		folders = append(folders, at[1]) // /lib64, where the kernel looks for the loader
	}
	for _, d := range folders {
		t.dir("usr/"+d, 0o755, 0)
		t.link(d, "usr/"+d)
	}
	if _, ok := in.pkg("tzdata"); ok {
		t.link("etc/localtime", "../usr/share/zoneinfo/Etc/UTC")
	}
}

func accounts(t *tree) {
	t.bytes("etc/passwd", []byte("root:x:0:0:root:/root:/sbin/nologin\n"+
		"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"+
		"nonroot:x:65532:65532:nonroot:"+home+":/sbin/nologin\n"))
	t.bytes("etc/group", []byte("root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"))
	t.bytes("etc/nsswitch.conf", []byte("passwd: files\ngroup: files\nhosts: files dns\n"))
	t.dir(strings.TrimPrefix(home, "/"), 0o755, userID)
	t.dir("root", 0o700, 0)
	for _, d := range []string{"tmp", "var/tmp"} {
		t.dir(d, 0o1777, 0)
	}
	for _, d := range []string{"dev", "proc", "run", "sys"} {
		t.dir(d, 0o755, 0)
	}
}

// release says whose packages these are, for programs that look for known vulnerabilities:
// syft and grype read os-release, trivy knows Debian by debian_version alone.
func release(t *tree, repo string) {
	name, suite, _ := strings.Cut(repo, "-")
	version := map[string]string{"bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}[suite]
	if name != "debian" || version == "" {
		return
	}
	t.bytes("etc/debian_version", []byte(version+"\n"))
	t.bytes("etc/os-release", fmt.Appendf(nil, "PRETTY_NAME=\"Debian GNU/Linux %[1]s (%[2]s)\"\nNAME=\"Debian GNU/Linux\"\n"+
		"VERSION_ID=\"%[1]s\"\nVERSION=\"%[1]s (%[2]s)\"\nVERSION_CODENAME=%[2]s\nID=debian\n", version, suite))
}

// mergedFolders are links into /usr on the target; packages may still use both places.
var mergedFolders = []string{"bin", "lib", "lib32", "lib64", "libx32", "sbin"}

// merged is a path's place in /usr.
func merged(name string) string {
	if first, _, _ := strings.Cut(name, "/"); slices.Contains(mergedFolders, first) {
		return "usr/" + name
	}
	return name
}

// moved returns the text of a link that has gone from one place to another. The text may
// climb above the root, which is then the root again.
func moved(from, to, target string) string {
	if !path.IsAbs(target) {
		target = path.Join("/", path.Dir(from), target)
	}
	return relative(path.Dir(to), merged(strings.TrimPrefix(path.Clean(target), "/")))
}

// relative returns the way from a folder to a path, both below the root.
func relative(dir, name string) string {
	from, to := components(dir), components(name)
	for len(from) > 0 && len(to) > 0 && from[0] == to[0] {
		from, to = from[1:], to[1:]
	}
	return or(strings.Join(append(slices.Repeat([]string{".."}, len(from)), to...), "/"), ".")
}

func components(name string) []string {
	if name == "" || name == "." {
		return nil
	}
	return strings.Split(name, "/")
}
