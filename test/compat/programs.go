package main

// program is a small program for one module. Its folder says which version of the module it
// takes; nothing here reaches graft.
type program struct {
	name  string            // its folder in programs
	kind  string            // what makes it different from others
	says  string            // regular expression that its answer fits
	msys2 string            // MSYS2's name of its library, "" where Windows or the module has it: for the page
	limit map[string]string // by target: why nobody can build it from this distribution, as the page says it
}

// everywhere and linuxOnly are limits of modules.
func everywhere(why string) map[string]string {
	out := map[string]string{}
	for _, t := range targets {
		out[t] = why
	}
	return out
}

func linuxOnly(what string) map[string]string {
	return map[string]string{"windows/amd64": what + " is Linux's alone"}
}

// programs are the rows of the page.
var programs = []program{
	{name: "sqlite3", kind: "bundled C, database", says: `^SQLite 3\.`},
	{name: "zstd", kind: "bundled C and assembler", says: `smaller true same true`},
	{name: "h3", kind: "bundled C", says: `^8928308280fffff$`},
	{name: "webp", kind: "bundled C", says: `^WebP 8 4 <nil>$`},
	{name: "treesitter", kind: "bundled C, large generated files", says: `source_file \(package_clause`},
	{name: "blst", kind: "bundled C and assembler, cryptography", says: `^verified true$`},
	{name: "malgo", kind: "bundled C, audio by dlopen", says: `(?m)^devices: [0-9]+$`},
	{name: "hid", kind: "bundled C, USB", says: `^supported true devices 0$`},
	{name: "godror", kind: "bundled C, database by dlopen", says: `DPI-1047|ORA-`},
	{name: "gozstd", kind: "compiled library in the module", says: `smaller true same true`},
	{name: "kafka", kind: "compiled library in the module, network", says: `^librdkafka 2\.`,
		limit: map[string]string{
			"rpi4":          "the module has its library compiled for other processors only",
			"windows/amd64": "the module has its library compiled by GCC for another C runtime (msvcrt)",
		}},
	{name: "fitz", kind: "compiled library in the module, documents", says: `^MuPDF .* pages 1$`,
		limit: map[string]string{
			"linux/arm64": "the module has its library compiled against glibc 2.38, and Debian 12 has 2.36",
			"rpi4":        "the module has its library compiled for other processors only",
		}},
	{name: "pkcs11", kind: "smart cards, by dlopen", says: `^no module, .*CKR_PIN_INCORRECT`},
	{name: "fuse", kind: "file system by dlopen, a header alone", says: `FUSE: .*cannot find|mounted: false`,
		limit: map[string]string{"windows/amd64": "the headers of WinFsp are in no archive"}},
	{name: "sdjournal", kind: "system daemon by dlopen, a header alone", says: `^journal: `, limit: linuxOnly("systemd")},
	{name: "pcap", kind: "one library, no pkg-config", says: `^filter of [0-9]+ instructions|wpcap\.dll`},
	{name: "zmq4", kind: "one library, C++ inside", says: `^ZeroMQ 4 says hello$`, msys2: "zeromq"},
	{name: "leveldb", kind: "one library, no pkg-config, C++ inside, database", says: `^LevelDB has value$`, msys2: "leveldb"},
	{name: "rocksdb", kind: "many libraries, no pkg-config, C++ inside, database", says: `^RocksDB has value$`,
		limit: everywhere("no version of the module that could be had fits RocksDB 7.8 of Debian 12 or 9.1 of MSYS2")},
	{name: "odbc", kind: "database, one library", says: `(?i)driver|SQLGetDiagRec`},
	{name: "netlib", kind: "a library that the application chooses", says: `^dot 14$`, msys2: "openblas"},
	{name: "opus", kind: "audio, two libraries", says: `^Opus made bytes: true <nil>$`, msys2: "opusfile"},
	{name: "oto", kind: "audio", says: `(?m)^oto: `},
	{name: "portaudio", kind: "audio", says: `PortAudio V19`, msys2: "portaudio"},
	{name: "sdl2", kind: "multimedia, many libraries", says: `^SDL 2, pixel 123456$`, msys2: "SDL2"},
	{name: "gl", kind: "graphics, many libraries", says: `^OpenGL: `},
	{name: "glfw", kind: "bundled C, windows of X11", says: `^GLFW 3\.3`},
	{name: "gio", kind: "GUI toolkit, X11 and Wayland and Vulkan", says: `(?m)^Gio: (no|a) window`},
	{name: "fyne", kind: "GUI toolkit", says: `(?m)^Fyne \*glfw\.gLDriver$`},
	{name: "tesseract", kind: "C++ against a library's own headers, many libraries", says: `^Tesseract 5`, msys2: "tesseract-ocr"},
	{name: "opencv", kind: "C++ against a library's own headers, very many libraries", says: `^OpenCV 4.* sum 28$`,
		limit: map[string]string{
			"rpi4":          "the module's Go is for 64 bits alone (an array larger than the address space)",
			"windows/amd64": "the module wants files of OpenCV's own installer (-lopencv_core450)",
		}},
	{name: "seccomp", kind: "kernel", says: `^libseccomp 2 knows openat true$`, limit: linuxOnly("seccomp")},
	{name: "bpf", kind: "kernel, three libraries", says: `^libbpf 1 .`, limit: map[string]string{
		"rpi4":          "the module's Go is for 64 bits alone (it takes size_t for unsigned long)",
		"windows/amd64": "BPF is Linux's alone",
	}},
	{name: "pam", kind: "system login", says: `^PAM `, limit: linuxOnly("PAM")},
}
