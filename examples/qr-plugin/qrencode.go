package qr

// #cgo pkg-config: libqrencode
// #include <stdlib.h>
// #include <qrencode.h>
import "C"

import (
	"fmt"
	"unsafe"
)

// code is a QR code: width rows of width modules, bit 0 of a byte set where it is dark.
type code struct {
	width   int
	modules []byte
}

func (c code) dark(x, y int) bool { return c.modules[y*c.width+x]&1 != 0 }

// encode returns the smallest code that holds the text.
func encode(text string) (code, error) {
	s := C.CString(text)
	defer C.free(unsafe.Pointer(s))
	q, err := C.QRcode_encodeString8bit(s, 0, C.QR_ECLEVEL_M)
	if q == nil {
		return code{}, fmt.Errorf("encode %d bytes as a QR code: %w", len(text), err)
	}
	defer C.QRcode_free(q)
	width := int(q.width)
	return code{width, C.GoBytes(unsafe.Pointer(q.data), C.int(width*width))}, nil
}
