// Opencv makes a matrix and asks OpenCV for its version.
package main

import (
	"fmt"

	"gocv.io/x/gocv"
)

func main() {
	m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(7, 0, 0, 0), 2, 2, gocv.MatTypeCV8U)
	defer m.Close()
	fmt.Println("OpenCV", gocv.OpenCVVersion(), "sum", m.Sum().Val1)
}
