// Package winsys knows what Windows itself provides, so that the closure of a Windows
// program ships everything else and nothing more: its DLLs, its API sets, and the libraries
// that zig links without any package. It reads zig's own MinGW definition files
// (libc/mingw/*/*.def in zig's lib folder); only the exceptions stand in this source, each
// kind with its reason.
package winsys

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Kind is how Windows provides a DLL.
type Kind int

const (
	None   Kind = iota // it does not
	DLL                // a file of its system folder
	APISet             // a name that its loader turns into one
)

// System is what the Windows of one processor provides. It is not changed after Load.
type System struct {
	lib  fs.FS
	dlls map[string]bool // lower case, with their ending
	libs map[string]bool // lower case names after -l
}

const (
	maxDefinitions = 50_000   // files; zig 0.16 has 2,700
	maxHead        = 64 << 10 // bytes before a definition's LIBRARY line
)

// Load reads the definition files of zig's lib folder for a Go architecture: amd64, arm64,
// 386 or arm.
func Load(lib fs.FS, goarch string) (*System, error) {
	folders, err := definitionFolders(lib, goarch)
	if err != nil {
		return nil, fmt.Errorf("read zig's definitions of Windows: %w", err)
	}
	s := &System{lib: lib, dlls: make(map[string]bool), libs: make(map[string]bool)}
	for _, f := range folders {
		if err := s.load(lib, f); err != nil {
			return nil, fmt.Errorf("read zig's definitions of Windows: %w", err)
		}
	}
	if !s.dlls["kernel32.dll"] {
		return nil, errors.New("read zig's definitions of Windows: there is none of kernel32.dll")
	}
	for _, name := range undefined {
		s.dlls[name] = true
	}
	for _, name := range builtinLibs {
		s.libs[name] = true
	}
	return s, nil
}

type folder struct {
	dir  string
	link bool // zig looks here for -l too
}

// definitionFolders lists where the definitions are. The folder libarm32 describes the
// system folder of a Windows 10 whose DLLs have the same names on every processor: it knows
// combase.dll and kernelbase.dll, which the older collection lib64 does not.
func definitionFolders(lib fs.FS, goarch string) ([]folder, error) {
	own := map[string]string{"amd64": "lib64", "arm64": "libarm64", "386": "lib32", "arm": "libarm32"}[goarch]
	if own == "" {
		return nil, fmt.Errorf("no Windows for %q", goarch)
	}
	const mingw = "libc/mingw"
	folders := []folder{{mingw + "/lib-common", true}}
	if _, err := fs.Stat(lib, mingw+"/"+own); err == nil {
		folders = append(folders, folder{mingw + "/" + own, true})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, extra := range []string{"libarm32", "lib64"} {
		if extra == own || goarch == "386" {
			continue
		}
		if _, err := fs.Stat(lib, mingw+"/"+extra); err == nil {
			folders = append(folders, folder{mingw + "/" + extra, false})
		}
	}
	return folders, nil
}

func (s *System) load(lib fs.FS, f folder) error {
	entries, err := fs.ReadDir(lib, f.dir)
	if err != nil {
		return err
	}
	if len(entries) > maxDefinitions {
		return fmt.Errorf("%s has more than %d files", f.dir, maxDefinitions)
	}
	for _, e := range entries {
		stem, ok := definitionStem(e.Name())
		if !ok || e.IsDir() {
			continue
		}
		name, err := library(lib, path.Join(f.dir, e.Name()))
		if err != nil {
			return err
		}
		if name == "" {
			continue // a part that others include
		}
		if f.link {
			s.libs[stem] = true
		}
		if userDLL(name) && !redistributable(name) {
			s.dlls[name] = true
		}
	}
	return nil
}

// definitionStem is what zig looks for as -l: "ws2_32" of ws2_32.def.in.
func definitionStem(file string) (string, bool) {
	for _, ending := range []string{".def", ".def.in"} {
		if stem, ok := strings.CutSuffix(file, ending); ok {
			return strings.ToLower(stem), true
		}
	}
	return "", false
}

// library returns the DLL that a definition file is of, in lower case and with its ending;
// "" when the file has no LIBRARY line.
func library(lib fs.FS, name string) (string, error) {
	f, err := lib.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readLibrary(f)
}

func readLibrary(r io.Reader) (string, error) {
	s := bufio.NewScanner(io.LimitReader(r, maxHead))
	s.Buffer(make([]byte, 0, 4096), maxHead)
	for s.Scan() {
		fields := strings.Fields(s.Text())
		if len(fields) == 0 || !strings.EqualFold(fields[0], "LIBRARY") && !strings.EqualFold(fields[0], "NAME") {
			continue
		}
		if len(fields) == 1 {
			return "", nil
		}
		dll := strings.ToLower(strings.Trim(fields[1], `"`))
		if path.Ext(dll) == "" || IsAPISet(dll) || !knownEnding(dll) {
			dll += ".dll" // "LIBRARY windows.ai.machinelearning"
		}
		return dll, nil
	}
	return "", s.Err()
}

// knownEnding says whether a name ends as a file of Windows' system folder does.
func knownEnding(name string) bool {
	switch path.Ext(name) {
	case ".dll", ".drv", ".cpl", ".ocx", ".ax", ".acm", ".sys", ".exe", ".def":
		return true
	}
	return false
}

// userDLL says whether a program can import from the file: not from drivers and programs.
func userDLL(name string) bool {
	switch path.Ext(name) {
	case ".dll", ".drv", ".cpl", ".ocx", ".ax", ".acm":
		return true
	}
	return false
}

// Provides says whether and how Windows provides a DLL. Case does not matter, nor whether
// the ending .dll is there.
func (s *System) Provides(name string) Kind {
	name = strings.ToLower(name)
	if IsAPISet(name) {
		return APISet
	}
	if s.dlls[name] || s.dlls[name+".dll"] {
		return DLL
	}
	return None
}

// Links says whether zig satisfies -lname by itself, from its definition files or its own
// sources.
func (s *System) Links(name string) bool { return s.libs[strings.ToLower(name)] }

// HasHeader says whether zig has a header for Windows, in any case of letters.
func (s *System) HasHeader(name string) bool {
	for _, dir := range []string{"libc/include/any-windows-any", "include"} {
		entries, err := fs.ReadDir(s.lib, path.Join(dir, strings.ToLower(path.Dir(name))))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !e.IsDir() && strings.EqualFold(e.Name(), path.Base(name)) {
				return true
			}
		}
	}
	return false
}
