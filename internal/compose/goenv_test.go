package compose

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var always = []string{
	"GIT_TERMINAL_PROMPT=0", "GO111MODULE=on", "GOENV=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=off", "LC_ALL=C",
}

func TestGoEnv(t *testing.T) {
	home := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(".config/go/env", "# comment\nGOPROXY=https://file.example\nGOFLAGS=-tags=evil -modcacherw\nGOTOOLCHAIN=go1.1\nCGO_CFLAGS=-O0\nGOPRIVATE=example.com\nHOME=/evil\nbroken\n=\n")
	write("xdg/go/env", "GOPROXY=https://xdg.example\n")
	write("Library/Application Support/go/env", "GOPROXY=https://mac.example\n")
	write("roaming/go/env", "GOPROXY=https://windows.example\r\n")
	tests := []struct {
		name string
		goos string
		env  []string
		want []string // beside always
		less []string // of always
	}{
		{name: "nothing", goos: "linux"},
		{
			name: "what is dropped", goos: "linux",
			env: []string{
				"GOFLAGS=-mod=vendor -tags=x", "GOOS=plan9", "GOARCH=386", "GOARM=5", "GOAMD64=v3", "GOEXPERIMENT=x", "CGO_ENABLED=1", "CGO_CFLAGS=-O0",
				"CC=tcc", "CXX=x", "PKG_CONFIG=x", "PKG_CONFIG_PATH=/x", "GOWORK=/w/go.work", "GOTOOLCHAIN=auto", "GODEBUG=x=1", "GOROOT=/other",
				"GOENV=off", "LANG=de_DE", "LC_ALL=de_DE", "TZ=Asia/Tokyo", "LD_LIBRARY_PATH=/x", "LD_PRELOAD=x", "C_INCLUDE_PATH=/x", "SOURCE_DATE_EPOCH=1",
				"GOFIPS140=latest", "GOBIN=/x", "GOCOVERDIR=/x", "PWD=/somewhere", "RANDOM=1", "=C:=x", "novalue",
			},
		},
		{
			name: "what is kept", goos: "linux",
			env: []string{
				"PATH=/bin", "HOME=/nowhere", "GOPROXY=off", "GOPRIVATE=p", "GONOSUMDB=n", "GONOPROXY=x", "GOSUMDB=off", "GOAUTH=netrc", "GOINSECURE=i",
				"GOMODCACHE=/m", "GOCACHE=/c", "GOPATH=/g", "NETRC=/n", "SSL_CERT_FILE=/s", "SSL_CERT_DIR=/d", "HTTPS_PROXY=p", "no_proxy=q",
				"GIT_SSH_COMMAND=ssh", "SSH_AUTH_SOCK=/a", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=k", "GIT_CONFIG_VALUE_0=v", "XDG_CACHE_HOME=/x",
			},
			want: []string{
				"PATH=/bin", "HOME=/nowhere", "GOPROXY=off", "GOPRIVATE=p", "GONOSUMDB=n", "GONOPROXY=x", "GOSUMDB=off", "GOAUTH=netrc", "GOINSECURE=i",
				"GOMODCACHE=/m", "GOCACHE=/c", "GOPATH=/g", "NETRC=/n", "SSL_CERT_FILE=/s", "SSL_CERT_DIR=/d", "HTTPS_PROXY=p", "no_proxy=q",
				"GIT_SSH_COMMAND=ssh", "SSH_AUTH_SOCK=/a", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=k", "GIT_CONFIG_VALUE_0=v", "XDG_CACHE_HOME=/x",
			},
		},
		{name: "the last one counts", goos: "linux", env: []string{"PATH=/a", "PATH=/b"}, want: []string{"PATH=/b"}},
		{
			name: "go env -w", goos: "linux", env: []string{"HOME=" + home},
			want: []string{"HOME=" + home, "GOPROXY=https://file.example", "GOPRIVATE=example.com", "GOFLAGS=-modcacherw"}, less: []string{"GOFLAGS="},
		},
		{
			name: "the environment before go env -w", goos: "linux", env: []string{"HOME=" + home, "GOPROXY=direct", "GOFLAGS=-v"},
			want: []string{"HOME=" + home, "GOPROXY=direct", "GOPRIVATE=example.com"},
		},
		{
			name: "GOENV", goos: "linux", env: []string{"HOME=" + home, "GOENV=" + home + "/xdg/go/env"},
			want: []string{"HOME=" + home, "GOPROXY=https://xdg.example"},
		},
		{
			name: "GOENV=off", goos: "linux", env: []string{"HOME=" + home, "GOENV=off"}, want: []string{"HOME=" + home},
		},
		{
			name: "GOENV is a folder", goos: "linux", env: []string{"HOME=" + home, "GOENV=" + home}, want: []string{"HOME=" + home},
		},
		{
			name: "XDG_CONFIG_HOME", goos: "linux", env: []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home + "/xdg"},
			want: []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home + "/xdg", "GOPROXY=https://xdg.example"},
		},
		{
			name: "macOS", goos: "darwin", env: []string{"HOME=" + home}, want: []string{"HOME=" + home, "GOPROXY=https://mac.example"},
		},
		{
			name: "Windows", goos: "windows", env: []string{"AppData=" + home + "/roaming", "Path=C:\\x", "SystemRoot=C:\\Windows", "gopath=g"},
			want: []string{"APPDATA=" + home + "/roaming", "PATH=C:\\x", "SYSTEMROOT=C:\\Windows", "GOPATH=g", "GOPROXY=https://windows.example"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want []string
			for _, v := range append(append([]string{}, always...), test.want...) {
				if !slices.Contains(test.less, v) {
					want = append(want, v)
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, goEnv(test.env, test.goos)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindGo(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		if _, err := FindGo(t.Context(), []string{"PATH=" + t.TempDir(), "HOME=/h"}, nil); !errors.Is(err, ErrNoGo) {
			t.Errorf("got %v", err)
		}
	})
	d, _ := testDeps(t)
	t.Run("real", func(t *testing.T) {
		if want := strings.TrimPrefix(runtime.Version(), "go"); d.Go.Version == "" || !filepath.IsAbs(d.Go.Exe) || !isDir(filepath.Join(d.Go.Root, "src", "fmt")) {
			t.Errorf("got %+v, graft's own is %s", d.Go, want)
		}
	})
	t.Run("wrapper", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("no shell scripts")
		}
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\nexec '"+d.Go.Exe+"' \"$@\"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		g, err := FindGo(t.Context(), []string{"PATH=" + bin, "HOME=" + t.TempDir()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if g.Version != d.Go.Version || g.Root != d.Go.Root {
			t.Errorf("got %+v, want %+v", g, d.Go)
		}
	})
	t.Run("broken", func(t *testing.T) {
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\necho no go\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		if _, err := FindGo(t.Context(), []string{"PATH=" + bin, "HOME=" + t.TempDir()}, nil); err == nil {
			t.Error("no error")
		}
	})
	t.Run("no home", func(t *testing.T) {
		if _, err := FindGo(t.Context(), []string{"PATH=" + filepath.Dir(d.Go.Exe)}, nil); err == nil {
			t.Error("no error")
		}
	})
}

func TestGoVersion(t *testing.T) {
	tests := []struct{ in, want string }{
		{"go1.26.8\ntime 2026-08-28T16:20:06Z\n", "1.26.8"},
		{"go1.26.8", "1.26.8"},
		{"go1.26", "1.26"},
		{"go1.27rc1", "1.27rc1"},
		{"go1.26.8 X:jsonv2", "1.26.8"},
		{"devel go1.27-abcdef Tue", "1.27"},
		{"devel +abc", ""},
		{"", ""},
		{"go1.26.8evil", ""},
		{"go2", ""},
	}
	for _, test := range tests {
		if got := goVersion(test.in); got != test.want {
			t.Errorf("goVersion(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}
