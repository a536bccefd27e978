// Netlib computes a dot product. The module leaves the choice of the library to the
// application, which names it as cgo wants it: there are several of BLAS.
package main

// #cgo LDFLAGS: -lopenblas
import "C"

import (
	"fmt"

	"gonum.org/v1/netlib/blas/netlib"
)

func main() {
	x := []float64{1, 2, 3}
	fmt.Println("dot", netlib.Implementation{}.Ddot(3, x, 1, x, 1))
}
