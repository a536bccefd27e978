package e2e

import (
	"strings"
	"testing"
)

// TestCPlusPlus hands a std::string to a C++ library of the distribution and catches an
// exception of the C++ library: both only work when the program's C++ is the distribution's.
func TestCPlusPlus(t *testing.T) {
	w := world{dir: t.TempDir(), store: shared}
	w.write(t, "app/go.mod", "module example.com/app\n\ngo 1.24\n")
	w.write(t, "app/main.go", `package main

// #cgo LDFLAGS: -lsnappy
// int shrunk(int n);
// int caught(void);
import "C"
import "fmt"

func main() { fmt.Println(C.shrunk(100000) < 10000, C.caught()) }
`)
	w.write(t, "app/work.cc", `#include <snappy.h>
#include <stdexcept>
#include <string>

extern "C" int shrunk(int n) {
	std::string in(n, 'x'), out;
	snappy::Compress(in.data(), in.size(), &out);
	return out.size();
}

extern "C" int caught(void) {
	try {
		return std::string("short").at(7);
	} catch (const std::out_of_range &) {
		return 42;
	}
}
`)
	for _, target := range []string{"linux/amd64", "rpi4"} {
		t.Run(target, func(t *testing.T) {
			if out := w.must(t, "run", "app", "--target", target); strings.TrimSpace(out) != "true 42" {
				t.Errorf("the program says %q", out)
			}
		})
	}
}
