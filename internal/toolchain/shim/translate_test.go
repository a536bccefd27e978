package shim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeFiles is a file system in which the listed files and their folders exist.
type fakeFiles []string

func (f fakeFiles) IsFile(path string) bool {
	for _, n := range f {
		if n == path {
			return true
		}
	}
	return false
}

func (f fakeFiles) IsDir(path string) bool {
	for _, n := range f {
		if strings.HasPrefix(n, path+"/") {
			return true
		}
	}
	return false
}

var testFiles = fakeFiles{
	"/sr/usr/include/stdlib.h", "/sr/usr/include/cairo/cairo.h",
	"/sr/usr/lib/t/libfoo.so", "/sr/usr/lib/t/libfoo.a", "/sr/usr/lib/t/libbar.so.2", "/sr/usr/lib/libbaz.a",
	"/src/lib/libown.a", "/opt/own/lib/libx.so",
}

func testSpec() *Spec {
	return &Spec{
		OS: "linux", Arch: "arm64", Zig: "/zig/zig", Lib: "/zig/lib", Cache: "/cache", Target: "aarch64-linux-gnu.2.36",
		Triplet: "t", Libc: "glibc", Loader: "/lib/ld-linux-aarch64.so.1",
		Sysroot: "/sr", Include: []string{"/usr/include/t", "/usr/include"}, LibDirs: []string{"/usr/lib/t", "/usr/lib"},
	}
}

// user returns what became of the caller's own arguments: those between what goes before and
// after them in every call.
func user(t *testing.T, spec *Spec, args ...string) (got, notes []string, err error) {
	t.Helper()
	tr := &translation{spec: spec, cwd: "/src", kit: "/kit", files: testFiles}
	if err := tr.run(args); err != nil {
		return nil, nil, err
	}
	var first, last int
	for i, a := range tr.out {
		if strings.HasPrefix(a, "-ffile-prefix-map=") && strings.HasSuffix(a, "=/_/zig") {
			first = i + 1
			break
		}
	}
	last = len(tr.out)
	for i := first; i < len(tr.out); i++ {
		if tr.out[i] == "-idirafter" && strings.HasPrefix(tr.out[i+1], "/sr/") || strings.HasPrefix(tr.out[i], "-Wl,-T,/kit") {
			last = i
			break
		}
	}
	return tr.out[first:last], tr.notes, nil
}

// Every rule of the tables has a row here; TestRulesCovered checks that.
var rows = []struct {
	name string
	args string // of the caller
	want string // what zig gets of them
}{
	// Row 4: options of GNU's linker that zig rejects.
	{"rpath-link", "main.o -Wl,-rpath-link,/x -Wl,-rpath-link=/y -Wl,--rpath-link -Wl,/z", "main.o"},
	{"push and pop", "main.o -Wl,--push-state,--as-needed -lfoo -Wl,--pop-state", "main.o -Wl,--as-needed -lfoo -Wl,--no-as-needed"},
	{"as-needed", "main.o -Wl,--as-needed -lfoo -Wl,--no-as-needed", "main.o -Wl,--as-needed -lfoo -Wl,--no-as-needed"},
	{"push and pop of everything", "main.o -Wl,--push-state,-Bstatic,--whole-archive -lfoo -Wl,--pop-state -lfoo", "main.o -Wl,--whole-archive /sr/usr/lib/t/libfoo.a -Wl,--no-whole-archive -lfoo"},
	{"unresolved in libraries", "main.o -Wl,--unresolved-symbols=ignore-in-shared-libs", "main.o -Wl,--allow-shlib-undefined"},
	{"unresolved reported", "main.o -Wl,--unresolved-symbols,report-all", "main.o"},
	{"export-dynamic-symbol", "main.o -Wl,--export-dynamic-symbol=a -Wl,--export-dynamic-symbol,b", "main.o -rdynamic"},
	{"dynamic-list", "main.o -Wl,--dynamic-list=x.list -Wl,-E", "main.o -rdynamic"},
	{"large-address-aware", "main.o -Wl,--large-address-aware", "main.o"},
	{"allow-multiple-definition", "main.o -Wl,--allow-multiple-definition -Wl,-z,muldefs", "main.o"},
	{"kill-at", "main.o -Wl,--kill-at", "main.o"},
	{"no-insert-timestamp", "main.o -Wl,--no-insert-timestamp", "main.o"},
	{"disable-dynamicbase", "main.o -Wl,--disable-dynamicbase", "main.o"},
	{"-z words zig knows", "main.o -Wl,-z,relro,-z,now -z nodelete -Wl,-z,max-page-size=65536 -Wl,-znoexecstack", "main.o -Wl,-z,relro -Wl,-z,now -Wl,-z,nodelete -Wl,-z,max-page-size=65536 -Wl,-z,noexecstack"},
	{"-z words it doesn't", "main.o -Wl,-z,separate-code -Wl,-z,pack-relative-relocs -Wl,-z,text -z ibt", "main.o"},
	{"undefined", "main.o -Wl,--undefined=f -u g", "main.o -Wl,-u,f -Wl,-u,g"},
	{"entry", "main.o -Wl,--entry=start -e start", "main.o -Wl,-e,start -Wl,-e,start"},
	{"soname", "main.o -Wl,-h,libx.so.1 -shared", "main.o -Wl,-soname,libx.so.1 -shared"},
	{"soname spelled out", "main.o -Wl,-soname,libx.so.1 -Wl,-soname=libx.so.2", "main.o -Wl,-soname,libx.so.1 -Wl,-soname,libx.so.2"},
	{"groups", "main.o -Wl,-( -lfoo -Wl,-)", "main.o -Wl,--start-group -lfoo -Wl,--end-group"},
	{"pie for the linker", "main.o -Wl,-pie -Wl,--pic-executable", "main.o -pie -pie"},
	{"shared for the linker", "main.o -Wl,-shared -Wl,-Bshareable", "main.o -shared -shared"},
	{"options with values that are dropped", "main.o -Wl,--icf=all -Wl,-m,elf_x86_64 -Wl,-melf_x86_64 -Wl,-Map=x.map -Wl,-Map -Wl,y.map -Wl,--threads=4 -Wl,--exclude-libs,ALL -Wl,-plugin-opt=O2", "main.o"},
	{"options without values that are dropped", "main.o -Wl,--fatal-warnings,--warn-common -Wl,-O1 -Wl,-O,1 -Wl,--no-copy-dt-needed-entries -Wl,-Bsymbolic-functions -Wl,--verbose -Wl,-v", "main.o"},
	{"options zig takes", "main.o -Wl,--gc-sections -Wl,--build-id=0x12 -Wl,--version-script=v.ver -Wl,--hash-style,gnu -Wl,--defsym=a=b -Wl,--wrap,f -Wl,-Bsymbolic", "main.o -Wl,--gc-sections -Wl,--build-id=0x12 -Wl,--version-script=v.ver -Wl,--hash-style=gnu -Wl,--defsym=a=b -Wl,--wrap=f -Wl,-Bsymbolic"},
	{"options nobody knows", "main.o -Wl,--new-option=3,--other", "main.o -Wl,--new-option=3 -Wl,--other"},
	{"a linker script of the caller", "main.o -T own.ld -Wl,-T,other.ld", "main.o -T own.ld -Wl,-T,other.ld"},
	{"image base, init, fini", "main.o -Wl,--image-base=0x40 -Wl,-init,f -Wl,-fini,g", "main.o -Wl,--image-base=0x40 -Wl,-init,f -Wl,-fini,g"},
	{"the default loader", "main.o -Wl,--dynamic-linker,/lib/ld-linux-aarch64.so.1 -Wl,-I,/lib/ld-linux-aarch64.so.1", "main.o"},
	{"another loader", "main.o -Wl,--dynamic-linker=/own/ld.so -Wl,-dynamic-linker,/own/ld.so", "main.o -Wl,--dynamic-linker=/own/ld.so -Wl,-dynamic-linker,/own/ld.so"},
	{"inputs among linker options", "main.o -Wl,--whole-archive,own.a,--no-whole-archive", "main.o -Wl,--whole-archive own.a -Wl,--no-whole-archive"},
	{"-Xlinker", "main.o -Xlinker -rpath-link -Xlinker /x -Xlinker --as-needed", "main.o -Wl,--as-needed"},
	{"libraries among linker options", "main.o -Wl,-L,/src/lib -Wl,-L/opt/own/lib -Wl,-l,own -Wl,-lfoo -Wl,--library-path=lib", "main.o -L/src/lib -L/opt/own/lib -lown -lfoo -L/src/lib"},

	// Row 6: static libraries among shared ones.
	{"Bstatic", "main.o -Wl,-Bstatic -lfoo -Wl,-Bdynamic -lfoo", "main.o /sr/usr/lib/t/libfoo.a -lfoo"},
	{"dn and dy", "main.o -Wl,-dn -lbaz -Wl,-dy", "main.o /sr/usr/lib/libbaz.a"},
	{"non_shared", "main.o -Wl,-non_shared -lbaz -Wl,-call_shared -lfoo", "main.o /sr/usr/lib/libbaz.a -lfoo"},
	{"Bstatic and the system", "main.o -Wl,-static -lm -lstdc++ -lpthread", "main.o -lm -lstdc++ -lpthread"},
	{"-l:name", "main.o -l:libbar.so.2 -l:libnone.so", "main.o /sr/usr/lib/t/libbar.so.2 -l:libnone.so"},
	{"-l name", "main.o -l foo -lanl", "main.o -lfoo"},

	// Row 7: no sysroot.
	{"sysroot", "main.o --sysroot=/x --sysroot /x -isysroot /x", "main.o"},

	// Row 8: absolute folders, no run paths but asked for ones.
	{"relative -L", "main.o -Llib -L lib", "main.o -L/src/lib -L/src/lib"},
	{"missing -L", "main.o -Lnone -L/opt/none", "main.o"},
	{"the target's -L", "main.o -L/usr/lib/t -L/usr/lib", "main.o -L/sr/usr/lib/t -L/sr/usr/lib"},
	{"the machine's -L", "main.o -L/usr/lib/x86_64-linux-gnu -L/usr/local/lib", "main.o"},
	{"run paths", "main.o -Wl,-rpath,$ORIGIN/lib:/usr/lib -Wl,-rpath=/opt/x -rpath /sr/usr/lib -Wl,-R/opt/y", "main.o -Wl,-rpath,$ORIGIN/lib -Wl,-rpath,/opt/x -Wl,-rpath,/opt/y"},
	{"libraries by path", "main.o /usr/lib/t/libfoo.so", "main.o /sr/usr/lib/t/libfoo.so"},

	// Row 9: the sysroot's default headers go last.
	{"default header folders", "-c main.c -I/sr/usr/include -I /sr/usr/include/t -isystem /sr/usr/include -isystem /usr/include", "-c main.c"},
	{"other header folders", "-c main.c -I/sr/usr/include/cairo -I. -Irel -I rel -isystem sys -iquote q -idirafter /opt/own/lib", "-c main.c -I/sr/usr/include/cairo -I. -Irel -Irel -isystem sys -iquote q -idirafter /opt/own/lib"},
	{"the target's header folders", "-c main.c -I/usr/include/cairo", "-c main.c -I/sr/usr/include/cairo"},
	{"the machine's header folders", "-c main.c -I/usr/include/gtk -I/usr/local/include", "-c main.c"},
	{"a developer's header folders", "-c main.c -I/opt/homebrew/include/cairo -isystem /usr/local/opt/x/include -IC:/msys64/mingw64/include/cairo", "-c main.c -I/sr/usr/include/cairo -I/sr/usr/include/cairo"},

	// Row 13: processors.
	{"march, 64 bit ARM", "-c main.c -march=armv8.2-a+crc+fp16", "-c main.c"},
	{"mcpu and mtune", "-c main.c -mcpu=cortex-a53 -mtune=cortex-a53", "-c main.c"},
	{"march=native", "-c main.c -march=native -mcpu=native", "-c main.c"},
	{"abi and TLS dialect", "-c main.c -mabi=lp64 -mtls-dialect=desc", "-c main.c"},

	// Row 15 and what else compilers differ in.
	{"levels of a compilation", "-c main.c -O0", "-c main.c -O0"},
	{"levels of a link", "main.o -O0", "main.o"},
	{"levels of both", "main.c -O1", "main.c -O1"},
	{"lto", "-c main.c -flto=auto -flto=4 -flto=thin -flto", "-c main.c -flto -flto -flto=thin -flto"},
	{"preprocessor", "-c main.c -Wp,-D_FORTIFY_SOURCE=2 -Wp,-MD,x.d,-DX -Wp,-I,inc", "-c main.c -D_FORTIFY_SOURCE=2 -MD -MF x.d -DX -I inc"},
	{"gcc's own", "-c main.c -fno-canonical-system-headers -fsplit-stack -fwhole-program -fgcse -finline-limit=9 -specs=/x -specs y -wrapper gdb -V", "-c main.c"},
	{"the runtime", "main.o -static-libgcc -shared-libgcc -static-libstdc++ -stdlib=libstdc++ -fuse-ld=gold --ld-path=/x -B/usr/lib -B x", "main.o"},
	{"targets", "main.o --target=x86_64-linux-gnu -target x --target y -arch arm64", "main.o"},
	{"linker flags of a compilation", "-c main.c -lfoo -l foo -L/x -rdynamic -shared -static -pie -static-pie -s -T x.ld -Wl,--as-needed", "-c main.c"},
	{"row 16 elsewhere", "main.o -mthreads -mwindows -mconsole -municode", "main.o"},
	{"what passes", "-c main.c -Wall -DX=1 -D Y -include a.h -std=c11 -fPIC -MD -MF x.d -x c -pthread -o main.o", "-c main.c -Wall -DX=1 -D Y -include a.h -std=c11 -fPIC -MD -MF x.d -x c -pthread -o main.o"},
	{"standard input", "-x c - -o out", "-x c - -o out"},
}

func TestRows(t *testing.T) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got, notes, err := user(t, testSpec(), strings.Fields(r.args)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s\nnotes: %q", diff, notes)
			}
		})
	}
}

// A rule without a row is a rule that nobody tried.
// C++ of a target that has a C++ library of its own goes without zig's.
func TestTargetCXX(t *testing.T) {
	spec := testSpec()
	spec.CXX = &CXX{
		Include: []string{"/usr/include/c++/12", "/usr/include/t/c++/12"},
		Shared:  "/usr/lib/t/libstdc++.so.6", Archive: "/usr/lib/gcc/t/12/libstdc++.a", Unwinder: "/usr/lib/t/libgcc_s.so.1",
	}
	const (
		headers = "-nostdinc++ -I/sr/usr/include/c++/12 -I/sr/usr/include/t/c++/12"
		libs    = "/sr/usr/lib/t/libstdc++.so.6 /sr/usr/lib/t/libgcc_s.so.1 -nostdlib++"
	)
	for _, tt := range []struct {
		name, args string
		cxx        bool
		want       string
	}{
		{"compile", "-c main.cc -Iown", true, "-c main.cc -Iown " + headers},
		{"by cc", "-c main.cpp", false, "-c main.cpp " + headers},
		{"by language", "-x c++ -c main", false, "-x c++ -c main " + headers},
		{"C", "-c main.c", false, "-c main.c"},
		{"link", "main.o", true, "main.o " + libs},
		{"compile and link", "main.cc", true, "main.cc " + headers + " " + libs},
		{"asked for", "main.o -lstdc++ -lm", false, "main.o -lm " + libs},
		{"C alone", "main.o -lm", false, "main.o -lm"},
		{"the unwinder alone", "main.o -lgcc_s", false, "main.o /sr/usr/lib/t/libgcc_s.so.1"},
		{"static", "main.o -static-libstdc++", true, "main.o /sr/usr/lib/gcc/t/12/libstdc++.a /sr/usr/lib/t/libgcc_s.so.1 -nostdlib++"},
		{"none", "main.o -nostdlib++", true, "main.o -nostdlib++ -nostdlib++"},
		{"partial", "-r a.o b.o", true, "-r a.o b.o"},
	} {
		tr := &translation{spec: spec, cxx: tt.cxx, cwd: "/src", kit: "/kit", files: testFiles}
		if err := tr.run(strings.Fields(tt.args)); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(tr.out, " ")
		_, text, _ = strings.Cut(text, "=/_/zig ")
		text, _, _ = strings.Cut(text, " -idirafter")
		if text != tt.want || tr.zigCommand() != "cc" {
			t.Errorf("%s: zig %s %s, want %s", tt.name, tr.zigCommand(), text, tt.want)
		}
	}
}

// cgo's question what names are is answered as gcc does: a const variable is no constant.
func TestAsksWhat(t *testing.T) {
	for args, want := range map[string]bool{
		"-w -Wno-error -ox -c -xc -O0 -fdiagnostics-color=never -": true,
		"-w -c -O0 /tmp/cgo-gcc-input-12.c":                        true,
		"-w -Werror -c -xc -O0 -":                                  true,
		"-w -c -xc -O2 -":                                          false,
		"-w -c main.c":                                             false,
	} {
		tr := &translation{spec: testSpec(), cwd: "/src", kit: "/kit", files: testFiles}
		if err := tr.run(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(strings.Join(tr.out, " "), "-Wno-everything -Werror=gnu-folding-constant"); has != want {
			t.Errorf("%s became %s", args, tr.out)
		}
	}
}

func TestRulesCovered(t *testing.T) {
	var all strings.Builder
	for _, r := range append(rows, windowsRows...) {
		all.WriteString(" " + r.args)
	}
	words := strings.Fields(all.String())
	for _, r := range rules {
		prefix, open := strings.CutSuffix(r.flag, "*")
		found := false
		for _, w := range words {
			found = found || w == r.flag || open && strings.HasPrefix(w, prefix)
		}
		if !found {
			t.Errorf("no row has %s", r.flag)
		}
	}
	for name, o := range options {
		if o.do != change {
			continue
		}
		found := false
		for _, w := range words {
			for _, part := range strings.Split(strings.TrimPrefix(w, "-Wl,"), ",") {
				found = found || parseOption(part).name == name
			}
		}
		if !found && name != "dependency-file" && name != "S" && name != "strip-debug" && name != "strip-all" {
			t.Errorf("no row has linker option %s", name)
		}
	}
}

// Every option that is dropped is dropped in all its spellings, with its value.
func TestDroppedOptions(t *testing.T) {
	for name, o := range options {
		if o.do != ignore {
			continue
		}
		var spellings []string
		switch {
		case o.value:
			spellings = []string{"-Wl,--" + name + ",v", "-Wl,--" + name + "=v", "-Wl,-" + name + " -Wl,v"}
		default:
			spellings = []string{"-Wl,--" + name, "-Wl,-" + name}
		}
		for _, s := range spellings {
			got, notes, err := user(t, testSpec(), append([]string{"main.o"}, strings.Fields(s)...)...)
			if err != nil || strings.Join(got, " ") != "main.o" || len(notes) != 1 {
				t.Errorf("%s became %q, notes %q, %v", s, got, notes, err)
			}
		}
	}
}

func TestProcessors(t *testing.T) {
	tests := []struct{ arch, cpu, args, want string }{
		{"arm64", "", "", ""},
		{"arm64", "", "-march=armv8-a", ""},
		{"arm64", "", "-march=armv8-a+crc+crypto", "generic+crc+crypto"},
		{"arm64", "", "-march=armv8.2-a+dotprod+unknown", "generic+v8_2a+dotprod"},
		{"arm64", "", "-march=armv9-a", "generic+v9a"},
		{"arm64", "", "-mcpu=cortex-a72", "cortex_a72"},
		{"arm64", "", "-mcpu=cortex-a72+crc", "cortex_a72+crc"},
		{"arm64", "", "-mcpu=generic", ""},
		{"arm", "generic+v7a", "", "generic+v7a"},
		{"arm", "generic+v7a", "-march=armv7-a -mfpu=neon", "generic+v7a"},
		{"arm", "generic+v7a", "-march=armv6", "generic+v7a"},
		{"arm", "generic+v7a", "-march=armv8-a", "generic+v8a+neon"},
		{"arm", "arm1176jzf_s", "-mcpu=cortex-a7", "cortex_a7"},
		{"arm", "generic+v7a", "-march=nonsense", "generic+v7a"},
		{"amd64", "", "-march=x86-64-v3", "x86_64_v3"},
		{"amd64", "", "-march=skylake-avx512", "skylake_avx512"},
		{"amd64", "", "-march=native", ""},
		{"riscv64", "", "-march=rv64gc", ""},
	}
	for _, tt := range tests {
		spec := testSpec()
		spec.Arch, spec.CPU = tt.arch, tt.cpu
		tr := &translation{spec: spec, cwd: "/src", kit: "/kit", files: testFiles}
		if err := tr.run(append([]string{"-c", "main.c"}, strings.Fields(tt.args)...)); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, a := range tr.out {
			if v, ok := strings.CutPrefix(a, "-mcpu="); ok {
				got = v
			}
		}
		if got != tt.want {
			t.Errorf("%s %s: -mcpu=%s, want %s", tt.arch, tt.args, got, tt.want)
		}
	}
}

// What stands in front of the caller's flags and behind them.
func TestFrame(t *testing.T) {
	spec := testSpec()
	spec.CPU, spec.Defines = "generic+v7a", []string{"_TIME_BITS=64"}
	const map1, map2 = "-ffile-prefix-map=/sr=/_/sysroot", "-ffile-prefix-map=/zig/lib=/_/zig"
	before := "-target aarch64-linux-gnu.2.36 -mcpu=generic+v7a "
	rest := "-UNDEBUG -fno-sanitize=undefined -Wno-unused-command-line-argument -D_TIME_BITS=64 " + map1 + " " + map2
	tests := []struct{ args, want string }{
		{"-c main.c", before + "-O2 -g0 " + rest + " -c main.c -idirafter /sr/usr/include"},
		{"-c main.c -O1 -g", before + rest + " -c main.c -O1 -g -idirafter /sr/usr/include"},
		{"-c main.c -nostdinc", before + "-O2 -g0 " + rest + " -c main.c -nostdinc"},
		{"main.o", before + "-O2 -g0 " + rest + " main.o -idirafter /sr/usr/include -L/sr/usr/lib/t -L/sr/usr/lib -Wl,-T,/kit/strip-runtime.ld"},
		{"main.o -Wl,-S", before + "-O2 -g0 " + rest + " main.o -idirafter /sr/usr/include -L/sr/usr/lib/t -L/sr/usr/lib -Wl,-T,/kit/strip-debug.ld"},
		{"main.o -s -Wl,--strip-debug", before + "-O2 -g0 " + rest + " main.o -idirafter /sr/usr/include -L/sr/usr/lib/t -L/sr/usr/lib -Wl,-T,/kit/strip-all.ld"},
		{"main.o -Wl,--strip-all -T own.ld", before + "-O2 -g0 " + rest + " main.o -T own.ld -idirafter /sr/usr/include -L/sr/usr/lib/t -L/sr/usr/lib -s"},
		{"-r main.o", before + "-O2 -g0 " + rest + " -r main.o -idirafter /sr/usr/include -L/sr/usr/lib/t -L/sr/usr/lib"},
		{"--version", "-target aarch64-linux-gnu.2.36 --version"},
		{"-v -Wall", "-target aarch64-linux-gnu.2.36 -v -Wall"},
	}
	for _, tt := range tests {
		tr := &translation{spec: spec, cwd: "/src", kit: "/kit", files: testFiles}
		if err := tr.run(strings.Fields(tt.args)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, strings.Join(tr.out, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.args, diff)
		}
	}
}

// Row 16 and 17: Windows.
var windowsRows = []struct {
	name string
	args string
	want string
}{
	{"row 16", "main.o -mthreads -mwindows -municode", "main.o -Wl,--subsystem,windows -municode"},
	{"row 16, console", "main.o -mconsole", "main.o -Wl,--subsystem,console"},
	{"row 17", "main.o -lfoo -lbaz -lws2_32", "main.o /m/lib/libfoo.dll.a /m/lib/libbaz.a -lws2_32"},
	{"static", "main.o -static -lfoo -lws2_32", "main.o /m/lib/libfoo.a -lws2_32"},
	{"static wherever it stands", "main.o -lfoo -static", "main.o /m/lib/libfoo.a"},
	{"static for one", "main.o -Wl,-Bstatic -lfoo -Wl,-Bdynamic -lfoo -lgdi32", "main.o /m/lib/libfoo.a /m/lib/libfoo.dll.a -lgdi32"},
	{"static but for one", "main.o -static -Wl,-Bdynamic -ldll -Wl,-Bstatic -lfoo -lm", "main.o /m/lib/libdll.dll.a /m/lib/libfoo.a -lm"},
	{"import library", "main.o -shared -Wl,--out-implib,x.lib -Wl,--subsystem,windows", "main.o -shared -Wl,--out-implib=x.lib -Wl,--subsystem=windows"},
}

func TestWindowsRows(t *testing.T) {
	spec := &Spec{
		OS: "windows", Arch: "amd64", Lib: "/zig/lib", Target: "x86_64-windows-gnu", Libc: "ucrt",
		Sysroot: "/m", LibDirs: []string{"/lib"},
	}
	files := fakeFiles{"/m/lib/libfoo.dll.a", "/m/lib/libfoo.a", "/m/lib/libbaz.a", "/m/lib/libdll.dll.a"}
	for _, r := range windowsRows {
		tr := &translation{spec: spec, cwd: "/src", kit: "/kit", files: files}
		if err := tr.run(strings.Fields(r.args)); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(tr.out, " ")
		if !strings.Contains(got, " "+r.want+" ") {
			t.Errorf("%s: got %s, want %s in it", r.name, got, r.want)
		}
		if strings.Contains(got, "-T,/kit") {
			t.Errorf("%s: a script for ELF in %s", r.name, got)
		}
	}
}

// TestForeignRuntime is of mingw64, whose C runtime is the packages' own.
func TestForeignRuntime(t *testing.T) {
	spec := &Spec{
		OS: "windows", Arch: "amd64", Lib: "/zig/lib", Target: "x86_64-windows-gnu", Libc: "msvcrt",
		Sysroot: "/m", Include: []string{"/include"}, LibDirs: []string{"/lib"},
	}
	var files fakeFiles
	for _, n := range []string{"crt2.o", "crt2u.o", "dllcrt2.o", "libfoo.dll.a", "libfoo.a", "libm.a", "libws2_32.a", "libdll.dll.a"} {
		files = append(files, "/m/lib/"+n)
	}
	for _, n := range runtimeLibs {
		files = append(files, "/m/lib/lib"+n+".a")
	}
	const end = " -L/m/lib -Wl,--start-group /m/lib/libmingw32.a /m/lib/libmoldname.a /m/lib/libmingwex.a /m/lib/libmsvcrt.a" +
		" /m/lib/libadvapi32.a /m/lib/libshell32.a /m/lib/libuser32.a /m/lib/libkernel32.a -Wl,--end-group -lcompiler_rt"
	const exe = "-target x86_64-windows-gnu -nostdlib -Wl,-e,mainCRTStartup /m/lib/crt2.o /kit/image_base.s "
	run := func(args string, cxx bool) (string, error) {
		tr := &translation{spec: spec, cxx: cxx, cwd: "/src", kit: "/kit", files: files}
		err := tr.run(strings.Fields(args))
		return strings.Join(tr.out, " "), err
	}
	for _, r := range []struct{ args, begin, end string }{
		{"-c a.c -o a.o", "-target x86_64-windows-gnu -nostdlib -O2 -g0", " -c a.c -o a.o"},
		{"a.o -lfoo -lm -lgcc -lws2_32", exe, " a.o /m/lib/libfoo.dll.a /m/lib/libm.a /m/lib/libws2_32.a" + end},
		{"a.o -static -lfoo", exe, " a.o /m/lib/libfoo.a" + end},
		{"a.o -municode", "-target x86_64-windows-gnu -nostdlib -Wl,-e,wmainCRTStartup /m/lib/crt2u.o /kit/image_base.s", end},
		{"a.o -shared", "-target x86_64-windows-gnu -nostdlib -Wl,-e,DllMainCRTStartup /m/lib/dllcrt2.o /kit/image_base.s", " a.o -shared" + end},
		{"a.o -Wl,-e,start -nostdlib", "-target x86_64-windows-gnu -nostdlib /kit/image_base.s", " a.o -Wl,-e,start -nostdlib -L/m/lib -lcompiler_rt"},
		{"-x c a", exe, " -x c a -L/m/lib -x none" + strings.TrimPrefix(end, " -L/m/lib")},
	} {
		got, err := run(r.args, false)
		got = strings.Replace(got, " -idirafter /m/include", "", 1)
		if err != nil || !strings.HasPrefix(got, r.begin) || !strings.HasSuffix(got, r.end) {
			t.Errorf("%s: %v\n%s\nwant %s…%s", r.args, err, got, r.begin, r.end)
		}
	}
	for args, want := range map[string]string{
		"a.o -lnone": "unable to find library -lnone", "a.o -static -ldll": "unable to find library -ldll (libdll.a, dll.lib)",
		"a.o -lstdc++": "C++ for mingw64 wants gcc's libstdc++",
	} {
		if _, err := run(args, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	if _, err := run("-c a.cc", true); err == nil || !strings.Contains(err.Error(), "take the packages of clang64") {
		t.Errorf("C++: %v", err)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct{ args, want string }{
		{"main.o -static", "-static: the C library of t is glibc"},
		{"main.o -static-pie", "linked dynamically only"},
		{"main.o -Wl,--dependency-file=x.d", "unsupported linker arg: --dependency-file"},
		{"main.o -Wl,--pop-state", "--pop-state without --push-state"},
		{"main.o -Wl,-rpath", "linker option -rpath wants a value"},
		{"main.o -Wl,-Bstatic -lnone", "unable to find static library -lnone"},
		{"main.o " + strings.Repeat("-Wl,--push-state ", 1002), "nested more than 1000 deep"},
	}
	for _, tt := range tests {
		_, _, err := user(t, testSpec(), strings.Fields(tt.args)...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60s: %v, want %q", tt.args, err, tt.want)
		}
	}
	spec := testSpec()
	spec.Libc = "musl"
	for args, want := range map[string]string{"main.o -static": "main.o -static", "main.o -static-pie": "main.o -static -pie"} {
		got, _, err := user(t, spec, strings.Fields(args)...)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v", args, got, err)
		}
	}
}

// Everything that is not passed on as it came is noted.
func TestNotes(t *testing.T) {
	_, notes, err := user(t, testSpec(), strings.Fields("main.o -Wl,-rpath-link,/x -fuse-ld=gold -L/none -march=native -Wl,-z,text")...)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"dropped linker option -rpath-link /x", "dropped -fuse-ld=gold", "dropped -L/none: there is no such folder",
		"dropped -march=native", "dropped linker option -z text",
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzTranslate(f *testing.F) {
	for _, r := range rows {
		f.Add(strings.ReplaceAll(r.args, " ", "\x00"), false)
	}
	f.Add("-Wl,\x00-Xlinker", true)
	f.Fuzz(func(t *testing.T, joined string, cxx bool) {
		args := strings.Split(joined, "\x00")
		tr := &translation{spec: testSpec(), cxx: cxx, cwd: "/src", kit: "/kit", files: testFiles}
		if tr.run(args) != nil {
			return
		}
		if tr.out[0] != "-target" || tr.out[1] != "aarch64-linux-gnu.2.36" {
			t.Errorf("%q: the target is not first: %q", args, tr.out)
		}
		if limit := 64 + 4*len(joined); len(tr.out) > limit {
			t.Errorf("%q became %d arguments", args, len(tr.out))
		}
		// The same arguments give the same result.
		again := &translation{spec: testSpec(), cxx: cxx, cwd: "/src", kit: "/kit", files: testFiles}
		if again.run(args) != nil || strings.Join(again.out, "\x00") != strings.Join(tr.out, "\x00") {
			t.Errorf("%q gives %q and %q", args, tr.out, again.out)
		}
	})
}
