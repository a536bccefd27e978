package winsys

import "strings"

// undefined are DLLs of every Windows that zig has no definition of. zig links no program
// against msvcrt.dll, but DLLs of others (MSYS2's mingw64) import from it, and the loader
// has had it as a known DLL since Windows 98.
var undefined = []string{"msvcrt.dll"}

// builtinLibs are the -l names that zig has as source or that hold nothing: isLibCLibName in
// its lib/std/zig/target.zig, which the test compares.
var builtinLibs = []string{
	"adsiid", "amstrmid", "bits", "c", "delayimp", "dloadhelper", "dmoguids", "dxerr8", "dxerr9", "dxguid", "ksguid", "largeint", "m",
	"mfuuid", "mingw32", "mingwex", "mingwthrd", "moldname", "msvcrt-os", "portabledeviceguids", "pthread", "strmiids", "uuid", "wbemuuid",
	"wiaguid", "winpthread", "wmcodecdspuuid",
}

// redistributable says whether a DLL has a definition so that programs can be linked against
// it, though Windows comes without it: it belongs to Visual C++, to the DirectX SDK of June
// 2010, or to a virtual machine's additions, and whoever needs it ships it.
func redistributable(name string) bool {
	for _, prefix := range []string{
		"vcruntime", "msvcp1", "msvcr1", "ucrtbased.", "mfc", "atl1", "glut", // Visual C++, and GLUT
		"d3dx", "d3dcsx", "xapofx", "x3daudio", "xinput1_1.", "xinput1_2.", "xinput1_3.", // DirectX SDK
		"hgfs.", "vmx_mode.", // VMware
	} {
		if strings.HasPrefix(name, prefix) && !systemMedia(name) {
			return true
		}
	}
	// d3dcompiler_47 came with Windows 8.1, all before it with the SDK.
	return strings.HasPrefix(name, "d3dcompiler") && name != "d3dcompiler_47.dll"
}

// systemMedia excepts names of Windows' own that share a prefix: Media Foundation's mfcore
// is no MFC, Direct3D's d3dxof no D3DX, and the original mfc42 is part of Windows.
func systemMedia(name string) bool {
	switch name {
	case "mfcore.dll", "mfcaptureengine.dll", "mfcsubs.dll", "d3dxof.dll", "mfc42.dll", "mfc42u.dll":
		return true
	}
	return false
}
