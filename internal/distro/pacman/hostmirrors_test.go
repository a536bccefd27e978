package pacman

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestHostMirrors(t *testing.T) {
	fsys := fstest.MapFS{
		"etc/pacman.d/mirrorlist.mingw": {Data: []byte("# See https://www.msys2.org/dev/mirrors\n\nServer = https://mirror.msys2.org/mingw/$repo/\n" +
			"#Server = https://off.example.com/mingw/$repo/\nServer=https://mirror.example.com/pub/msys2/mingw/$repo\nServer = https://example.com/other/$repo\n" +
			"Server = ftp://example.com/mingw/$repo/\r\nServer\n")},
		"etc/pacman.d/mirrorlist.clang64": {Data: []byte("Server = https://mirror.msys2.org/mingw/clang64\nServer = file:///srv/msys2/mingw/clang64/\n")},
		"etc/pacman.d/mirrorlist.ucrt64":  {Data: make([]byte, maxMirrorList+1)},
	}
	got, problems := HostMirrors(fsys)
	if s := strings.Join(got, " "); s != "https://mirror.msys2.org https://mirror.example.com/pub/msys2 file:///srv/msys2" {
		t.Errorf("mirrors %s", s)
	}
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "mirrorlist.ucrt64") {
		t.Errorf("problems %v", problems)
	}
	if got, problems := HostMirrors(fstest.MapFS{}); len(got)+len(problems) != 0 {
		t.Errorf("a host without MSYS2: %v, %v", got, problems)
	}
}
