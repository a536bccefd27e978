package shim

// scripts are linker scripts of a kit, by what they leave out. "INSERT AFTER" makes them an
// addition to the linker's own layout.
//
// The first one takes the debug information out of the objects that zig compiles itself: the
// start files, the compiler's runtime and the C++ libraries. It says where zig was unpacked,
// which nobody wants to know and no two machines have in common.
var scripts = [...]struct{ name, text string }{
	stripRuntime: {"strip-runtime.ld", `SECTIONS { /DISCARD/ : {
  *crt1.o(.debug_*) *crti.o(.debug_*) *crtn.o(.debug_*) *crtbegin*.o(.debug_*) *crtend*.o(.debug_*)
  *libc_nonshared.a:*(.debug_*) *libcompiler_rt.a:*(.debug_*) *compiler_rt*.o(.debug_*)
  *libc++.a:*(.debug_*) *libc++abi.a:*(.debug_*) *libunwind.a:*(.debug_*) *libc.a:*(.debug_*) *libubsan_rt.a:*(.debug_*)
} } INSERT AFTER .comment;
`},
	stripDebug: {"strip-debug.ld", `SECTIONS { /DISCARD/ : { *(.debug_*) *(.zdebug_*) *(.gdb_index) } } INSERT AFTER .comment;
`},
	stripAll: {"strip-all.ld", `SECTIONS { /DISCARD/ : { *(.debug_*) *(.zdebug_*) *(.gdb_index) *(.symtab) *(.strtab) } } INSERT AFTER .comment;
`},
}

// Files are the files of a kit that its tools read, by name.
func Files() map[string]string {
	m := map[string]string{}
	for _, s := range scripts {
		m[s.name] = s.text
	}
	m[imageBase] = imageBaseSource
	return m
}
