package toolchain

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// zigRejects are linker options that zig 0.16 stops at or warns of when it gets them as they
// are, each with a real value. The list was made by trying some two hundred.
var zigRejects = strings.Fields(`
-rpath-link,/x --push-state,--pop-state --unresolved-symbols=ignore-all --export-dynamic-symbol=main
--dynamic-list=LIST --large-address-aware --allow-multiple-definition -z,muldefs --kill-at --no-insert-timestamp
--disable-dynamicbase -z,execstack -z,nodefs -z,text -z,separate-code -z,noseparate-code -z,pack-relative-relocs
-z,nodlopen -z,initfirst -z,interpose -z,ibt -z,shstk -z,force-ibt -z,keep-text-section-prefix -z,combreloc
-z,nobtcfi -z,global -z,start-stop-gc -z,wxneeded -Bsymbolic-functions --warn-common --fatal-warnings
--no-fatal-warnings --warn-unresolved-symbols --error-unresolved-symbols --icf=all -O1 -O,1 -(,-) --undefined=main
--no-copy-dt-needed-entries --copy-dt-needed-entries --no-add-needed --add-needed --exclude-libs,ALL
--dynamic-linker,LOADER -m,elf_x86_64 -melf_x86_64 -X -Map=x.map -Map,x.map -M --cref --stats --trace -t --verbose
-V --no-keep-memory --reduce-memory-overheads --no-relax --relax --no-export-dynamic --fix-cortex-a53-843419
--fix-cortex-a8 --long-plt -z,pac-plt -plugin-opt=O2 --plugin,x --threads=1 --no-threads -a,archive --no-rosegment
--rosegment --warn-execstack --no-warn-execstack --no-warn-rwx-segments --no-warn-mismatch --error-limit=0
--pack-dyn-relocs=relr -y,main --trace-symbol=main --no-demangle --demangle --no-apply-dynamic-relocs
--package-metadata=x --no-ld-generated-unwind-info --ld-generated-unwind-info --no-toc-optimize -G
--spare-dynamic-tags=1 -Bstatic,-Bdynamic -dn,-dy -S -s -pie
`)

// Each of them goes through the kit in silence, and the program that all of them together
// make works.
func TestRejectedOptions(t *testing.T) {
	s := sharedStore(t)
	k := testKit(t, s, realZig(t, s), "linux/amd64", "2.36")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "list"), "{ main; };")
	writeFile(t, filepath.Join(dir, "main.c"), "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n")
	replacer := strings.NewReplacer("LIST", "list", "LOADER", k.Spec.Loader)
	var all []string
	for _, o := range zigRejects {
		all = append(all, "-Wl,"+replacer.Replace(o))
	}
	all = append(all, strings.Fields(`-march=native -mtune=generic -fno-canonical-system-headers -static-libgcc -static-libstdc++
		-fuse-ld=gold -mthreads -flto=auto -fno-lto -Wp,-D_FORTIFY_SOURCE=2 -specs=/x -B/x -L/none -Lnone -I/usr/include -mwindows
		-fgcse -finline-limit=100 --sysroot=/x -isysroot /x -stdlib=libstdc++ -lanl -lgcc_s -lgcc -latomic`)...)
	cmd := exec.Command(k.Tool("cc"), append([]string{"main.c", "-o", "out"}, all...)...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=", "HOME=" + dir}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	if out := libcRoot(t, s, "amd64", "bookworm").run(t, "qemu-x86_64-static", filepath.Join(dir, "out")); out != "hello\n" {
		t.Errorf("printed %q", out)
	}
	// zig really rejects what is in the list; when it no longer does, the rule can go.
	if os.Getenv("GRAFT_TEST_FULL") == "" {
		return
	}
	for i, o := range zigRejects {
		cmd := exec.Command(k.Spec.Zig, "cc", "-target", k.Spec.Target, "-O2", "main.c", "-o", "out", all[i])
		cmd.Dir = dir
		cmd.Env = []string{"PATH=", "HOME=" + dir, "ZIG_GLOBAL_CACHE_DIR=" + k.Spec.Cache, "ZIG_LOCAL_CACHE_DIR=" + dir, "ZIG_LIB_DIR=" + k.Spec.Lib}
		if out, err := cmd.CombinedOutput(); err == nil && len(out) == 0 {
			t.Logf("zig takes %s", o)
		}
	}
}
