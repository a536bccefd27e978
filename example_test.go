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
	// linux/arm64 cyclonedx mainapp-1.0.0-linux-arm64.tar.gz.cdx.json
	// linux/arm64 provenance mainapp-1.0.0-linux-arm64.tar.gz.intoto.jsonl
	// freebsd/amd64 cyclonedx mainapp-1.0.0-freebsd-amd64.tar.gz.cdx.json
	// freebsd/amd64 provenance mainapp-1.0.0-freebsd-amd64.tar.gz.intoto.jsonl
}

// Write a function from a list of plugins to a container image. No container engine, no base
// image and no root takes part; the targets of this example have no packages either.
func ExampleProject_Image() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS("examples")); err != nil {
		panic(err)
	}
	// The application, and no manifest that names plugins.
	if err := os.Remove(filepath.Join(dir, "mainapp", "graft.yaml")); err != nil {
		panic(err)
	}
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	image := func(plugins ...string) *graft.Image {
		p, err := graft.Open(filepath.Join(dir, "mainapp"), graft.Config{
			Env: os.Environ(), Store: filepath.Join(dir, "store"), Executable: exe,
		})
		if err != nil {
			panic(err)
		}
		img, err := p.Image(context.Background(), filepath.Join(dir, "image"), plugins, "linux/amd64/musl", "linux/arm64/musl")
		if err != nil {
			panic(err)
		}
		return img
	}
	plain, more := image(), image(filepath.Join(dir, "simple-plugin"))
	for _, p := range more.Platforms {
		fmt.Println(filepath.Base(more.Path), p.Platform)
	}
	fmt.Println("the same image:", plain.Digest == more.Digest)
	// Output:
	// mainapp-0.0.0-oci.tar linux/amd64
	// mainapp-0.0.0-oci.tar linux/arm64
	// the same image: false
}
