package hostdir

import "testing"

func TestInclude(t *testing.T) {
	for dir, want := range map[string]string{
		"/usr/include":                                "",
		"/usr/include/SDL2":                           "SDL2",
		"/usr/include/x86_64-linux-gnu":               "",
		"/usr/include/x86_64-linux-gnu/qt5":           "qt5",
		"/usr/local/include/foo/bar/":                 "foo/bar",
		"/opt/homebrew/include":                       "",
		"/opt/homebrew/opt/openssl@3/include":         "",
		"/opt/homebrew/Cellar/sdl2/2.30/include/SDL2": "SDL2",
		"/usr/lib/x86_64-linux-gnu/glib-2.0/include":  "",
		"C:/msys64/mingw64/include/SDL2":              "SDL2",
		`C:\msys64\mingw64\include`:                   "",
		"/mingw64/include/cairo":                      "cairo",
		"/usr/local/lib":                              "-",
		"/home/me/src/x/include":                      "-",
		"/usr/local/go/pkg/include":                   "-",
		"/usr/lib/go-1.26/src/include":                "-",
		"C:/me/x":                                     "-",
		"include":                                     "-",
		"":                                            "-",
	} {
		sub, ok := Include(dir)
		if !ok {
			sub = "-"
		}
		if sub != want {
			t.Errorf("%q: got %q, want %q", dir, sub, want)
		}
	}
}

func FuzzInclude(f *testing.F) {
	f.Add("/usr/include/x86_64-linux-gnu/a")
	f.Fuzz(func(t *testing.T, dir string) {
		if _, ok := Include(dir); ok && !Is(dir) {
			t.Errorf("%q", dir)
		}
	})
}
