package detect

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDefiners(t *testing.T) {
	tests := []struct {
		name, text string
		line       int // 0: no definition
	}{
		{"function", "#include <x.h>\n\nint helper(void) { return 1; }\n", 3},
		{"function over lines", "static int other(int helper);\n\nconst char *\nhelper(int a,\n\tint b)\n{\n}\n", 3},
		{"variable", "int helper = 1;\n", 1},
		{"uninitialised", "struct s helper;\n", 1},
		{"array", "char helper[] = {1};\n", 1},
		{"exported Go function", "package p\n\nimport \"C\"\n\n//export helper\nfunc helper() {}\n", 5},
		{"preamble", "package p\n\n/*\nint helper(void) { return 1; }\n*/\nimport \"C\"\n", 4},
		{"declaration", "int helper(void);\nextern int helper;\n", 0},
		{"static", "static int helper(void) { return 1; }\n", 0},
		{"call", "int f(void) {\n\treturn helper();\n\thelper();\n\tif (helper()) { g(); }\n}\n", 0},
		{"another name", "int helper2(void) { return 1; }\n", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "x.c"), []byte(tt.text), 0o666); err != nil {
				t.Fatal(err)
			}
			r := Result{Packages: []Package{{ImportPath: "p", Dir: dir, Cgo: true, Files: []string{"x.c", "gone.c"}}, {ImportPath: "q", Dir: dir, Files: []string{"x.c"}}}}
			got := Definers(r, "helper")
			switch {
			case tt.line == 0 && len(got) > 0, tt.line > 0 && (len(got) != 1 || got[0].Line != tt.line || got[0].Package.ImportPath != "p"):
				t.Errorf("got %v, want line %d", got, tt.line)
			}
		})
	}
}
