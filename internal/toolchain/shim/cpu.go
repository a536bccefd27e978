package shim

import "strings"

// march translates -march. zig names a processor, not an instruction set, spells it with
// underscores, and has no word for "this machine", which would make the output depend on it.
func march(t *translation, w word) error {
	v := strings.TrimPrefix(w.flag, "-march=")
	cpu := ""
	switch t.spec.Arch {
	case "amd64", "386":
		cpu = strings.ReplaceAll(v, "-", "_")
	case "arm64":
		cpu = aarch64(v)
	case "arm":
		cpu = armv(v)
	}
	return t.setCPU(w.flag, v, cpu)
}

// mcpu translates -mcpu of gcc and clang.
func mcpu(t *translation, w word) error {
	v := strings.TrimPrefix(w.flag, "-mcpu=")
	base, ext, _ := strings.Cut(v, "+")
	cpu := strings.ReplaceAll(strings.ToLower(base), "-", "_")
	if strings.Contains(v, "+") {
		cpu += "+" + ext
	}
	return t.setCPU(w.flag, v, cpu)
}

func (t *translation) setCPU(flag, v, cpu string) error {
	if v == "native" || cpu == "" || v == "generic" {
		t.note("dropped %s", flag)
		return nil
	}
	if "-mcpu="+cpu != flag {
		t.note("%s became -mcpu=%s", flag, cpu)
	}
	t.cpu = cpu
	return nil
}

// aarch64 makes zig's processor of armv8.2-a+crc+crypto; "" for what is the default anyway.
func aarch64(v string) string {
	parts := strings.Split(strings.ToLower(v), "+")
	level, ok := strings.CutPrefix(parts[0], "armv")
	level, a := strings.CutSuffix(level, "-a")
	if !ok || !a {
		return ""
	}
	cpu := "generic"
	if level != "8" {
		cpu += "+v" + strings.ReplaceAll(level, ".", "_") + "a"
	}
	for _, p := range parts[1:] {
		if f := aarch64Features[p]; f != "" {
			cpu += "+" + f
		}
	}
	if cpu == "generic" {
		return ""
	}
	return cpu
}

// aarch64Features has gcc's names of extensions and zig's.
var aarch64Features = map[string]string{
	"crc": "crc", "crypto": "crypto", "aes": "aes", "sha2": "sha2", "sha3": "sha3", "sm4": "sm4", "lse": "lse",
	"fp16": "fullfp16", "fp16fml": "fp16fml", "dotprod": "dotprod", "rdma": "rdm", "rcpc": "rcpc", "sve": "sve",
	"sve2": "sve2", "i8mm": "i8mm", "bf16": "bf16", "memtag": "mte", "ssbs": "ssbs", "sb": "sb",
}

// armv makes zig's processor of armv7-a+neon; "" for what the target's own processor has.
func armv(v string) string {
	v = strings.ToLower(v)
	if strings.HasPrefix(v, "armv7") || strings.HasPrefix(v, "armv6") || strings.HasPrefix(v, "armv5") || strings.HasPrefix(v, "armv4") {
		return "" // the kit's processor is the repository's baseline, which GOARM has chosen
	}
	if strings.HasPrefix(v, "armv8") {
		return "generic+v8a+neon"
	}
	return ""
}
