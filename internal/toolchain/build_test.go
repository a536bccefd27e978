package toolchain

import (
	"os"
	"testing"
)

func TestTry(t *testing.T) {
	s := sharedStore(t)
	z := realZig(t, s)
	t.Logf("%+v", z)
	k := testKit(t, s, z, "linux/amd64", "2.36")
	t.Logf("%+v", k)
	b, _ := os.ReadFile(k.Dir + "/kit.json")
	t.Logf("%s", b)
}
