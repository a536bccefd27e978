package detect

import (
	"maps"
	"strings"

	"github.com/graft-build/graft/target"
)

// The macros that compilers define on their own, as far as sources ask for them to tell
// systems apart. Everything here that is not a target's own is absent there.
var (
	everywhere = map[string]string{
		"__GNUC__": "4", "__GNUC_MINOR__": "2", "__clang__": "1", "__clang_major__": "21", "__STDC__": "1", "__STDC_VERSION__": "201710",
		"__STDC_HOSTED__": "1", "__OPTIMIZE__": "1", "__CHAR_BIT__": "8", "__ORDER_LITTLE_ENDIAN__": "1234", "__ORDER_BIG_ENDIAN__": "4321",
		"__BYTE_ORDER__": "1234", "__LITTLE_ENDIAN__": "1", "__FILE__": "", "__LINE__": "1",
	}
	bySystem = map[string]map[string]string{
		"linux": {
			"__linux__": "1", "__linux": "1", "linux": "1", "__gnu_linux__": "1", "__unix__": "1", "__unix": "1", "unix": "1", "__ELF__": "1",
		},
		"windows": {
			"_WIN32": "1", "WIN32": "1", "__WIN32": "1", "__WIN32__": "1", "WINNT": "1", "__WINNT": "1", "__WINNT__": "1", "_WIN64": "1", "WIN64": "1", "__WIN64": "1", "__WIN64__": "1",
			"__MINGW32__": "1", "__MINGW64__": "1", "__SEH__": "1",
		},
	}
	byProcessor = map[string]map[string]string{
		"amd64":   {"__x86_64__": "1", "__x86_64": "1", "__amd64__": "1", "__amd64": "1", "__SSE__": "1", "__SSE2__": "1", "__SIZEOF_POINTER__": "8", "__LP64__": "1", "_LP64": "1"},
		"arm64":   {"__aarch64__": "1", "__ARM_NEON": "1", "__ARM_NEON__": "1", "__SIZEOF_POINTER__": "8", "__LP64__": "1", "_LP64": "1"},
		"arm":     {"__arm__": "1", "__arm": "1", "__ARM_ARCH": "7", "__ARM_EABI__": "1", "__SIZEOF_POINTER__": "4"},
		"riscv64": {"__riscv": "1", "__riscv_xlen": "64", "__SIZEOF_POINTER__": "8", "__LP64__": "1", "_LP64": "1"},
	}
	byLibc = map[string]map[string]string{
		"glibc": {"__GLIBC__": "2", "__GNU_LIBRARY__": "6"}, // of features.h, which every header includes
	}
)

// foreignMacros are macros of other systems, processors and compilers.
const foreignMacros = `__APPLE__ __MACH__ TARGET_OS_MAC TARGET_OS_IPHONE __FreeBSD__ __FreeBSD_kernel__ __NetBSD__ __OpenBSD__
__DragonFly__ __bsdi__ __sun __sun__ __SVR4 __svr4__ _AIX __hpux __CYGWIN__ __CYGWIN32__ __MSYS__ __ANDROID__ __BIONIC__ __UCLIBC__
__HAIKU__ __BEOS__ __QNX__ __QNXNTO__ __EMSCRIPTEN__ __wasm__ __wasm32__ __wasi__ __Fuchsia__ __native_client__ __MVS__ __OS2__ __DJGPP__
__MSDOS__ _WIN32_WCE __vxworks __VXWORKS__ __rtems__ __AVR__ __XTENSA__ __minix __SYMBIAN32__ _MSC_VER _MSC_FULL_VER __INTEL_COMPILER __ICC
__ICL __BORLANDC__ __TURBOC__ __WATCOMC__ __TINYC__ __SUNPRO_C __SUNPRO_CC __IBMC__ __IBMCPP__ __xlC__ __PGI __ARMCC_VERSION __CC_ARM
__ICCARM__ __MWERKS__ __DMC__ __LCC__ __CODEGEARC__ __OBJC__ __CUDACC__ __CUDA_ARCH__ __HIPCC__ __NVCC__ __SWITCH__ __PS3__ __PSP__ __WINRT__
_M_IX86 _M_X64 _M_AMD64 _M_ARM _M_ARM64 _M_ARMT __i386__ __i386 __ia64__ __powerpc__ __powerpc64__ __ppc__ __PPC__ __PPC64__ _ARCH_PPC __s390__
__s390x__ __sparc__ __sparc __mips__ __mips __mips64 __alpha__ __hppa__ __m68k__ __sh__ __loongarch__ __loongarch64 __riscv32 __BIG_ENDIAN__
__ARMEB__ __MIPSEB__ __STRICT_ANSI__ __ILP32__ __COVERITY__ __SANITIZE_ADDRESS__ __SANITIZE_THREAD__
__cplusplus __ASSEMBLER__ __cplusplus_cli __STDCPP_THREADS__ _OPENMP`

// language is what a source is written in.
type language int

const (
	langC language = iota
	langCXX
	langAsm
)

// macros are those defined before a source's first line, and which others surely are not.
func macros(t target.Target, lang language) (defined map[string]string, absent func(string) bool) {
	defined = maps.Clone(everywhere)
	for _, more := range []map[string]string{bySystem[t.GOOS()], byProcessor[t.GOARCH()], byLibc[t.ABI.Libc]} {
		maps.Copy(defined, more)
	}
	if t.GOOS() == "windows" {
		delete(defined, "__LP64__")
		delete(defined, "_LP64")
	}
	switch lang {
	case langCXX:
		defined["__cplusplus"], defined["_GNU_SOURCE"] = "201703", "1"
	case langAsm:
		defined["__ASSEMBLER__"] = "1"
	}
	return defined, func(name string) bool { return otherwise[name] }
}

// otherwise has every macro that this file names.
var otherwise = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(foreignMacros) {
		all[name] = true
	}
	for _, table := range []map[string]map[string]string{bySystem, byProcessor, byLibc} {
		for _, m := range table {
			for name := range m {
				all[name] = true
			}
		}
	}
	return all
}()
