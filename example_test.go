package graft_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/graft-build/graft"
)

// Build an application with the plugins that its graft.yaml names, for two systems.
func ExampleProject_Build() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS("examples")); err != nil {
		panic(err)
	}
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	p, err := graft.Open(filepath.Join(dir, "mainapp"), graft.Config{
		Env: os.Environ(), Store: filepath.Join(dir, "store"), Executable: exe,
	})
	if err != nil {
		panic(err)
	}
	res, err := p.Build(context.Background(), graft.Request{
		Targets: []string{"linux/arm64", "freebsd/amd64"}, Formats: []string{"tar.gz"}, Out: filepath.Join(dir, "dist"),
	})
	if err != nil {
		panic(err)
	}
	for _, a := range res.Artifacts {
		fmt.Println(a.Target, a.Kind, a.File)
	}
	// Output:
	// linux/arm64 tar.gz mainapp-1.0.0-linux-arm64.tar.gz
	// freebsd/amd64 tar.gz mainapp-1.0.0-freebsd-amd64.tar.gz
}
