// Package proxytest makes folders that the go command takes for a module proxy
// (GOPROXY=file://…), for tests that need versions of modules which nobody has published.
package proxytest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
	"golang.org/x/tools/txtar"
)

// Tree writes the files of a txtar text into a folder.
func Tree(dir, text string) error {
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// PublishTree publishes the modules of a txtar text, whose files are called path@version/file.
func PublishTree(proxy, text string) error {
	src, err := os.MkdirTemp("", "modules-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(src)
	if err := Tree(src, text); err != nil {
		return err
	}
	done := map[module.Version]bool{}
	for _, f := range txtar.Parse([]byte(text)).Files {
		path, rest, _ := strings.Cut(f.Name, "@")
		version, _, ok := strings.Cut(rest, "/")
		if !ok {
			return fmt.Errorf("%s: want path@version/file", f.Name)
		}
		m := module.Version{Path: path, Version: version}
		if done[m] {
			continue
		}
		done[m] = true
		if err := Publish(proxy, m, filepath.Join(src, filepath.FromSlash(m.String()))); err != nil {
			return err
		}
	}
	return nil
}

// Publish puts the module in a folder, with its go.mod, into the proxy in another one as a
// version. A module that has a newest version already gets another newest one.
func Publish(proxy string, m module.Version, folder string) error {
	path, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	dir := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, m.Version+".mod"), mod, 0o666); err != nil {
		return err
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":"2024-01-02T03:04:05Z"}`, m.Version)
	if err := os.WriteFile(filepath.Join(dir, m.Version+".info"), []byte(info), 0o666); err != nil {
		return err
	}
	if err := writeZip(filepath.Join(dir, m.Version+".zip"), m, folder); err != nil {
		return err
	}
	list, err := os.OpenFile(filepath.Join(dir, "list"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer list.Close()
	_, err = fmt.Fprintln(list, m.Version)
	return err
}

func writeZip(name string, m module.Version, folder string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := zip.CreateFromDir(f, m, folder); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Env are the variables with which the go command takes modules from nowhere but the proxy
// in a folder, and keeps them in another one that can be removed.
func Env(proxy, cache string) []string {
	return []string{
		"GOPROXY=file://" + filepath.ToSlash(proxy), "GONOSUMDB=*", "GOMODCACHE=" + cache, "GOFLAGS=-modcacherw",
	}
}
