package ar

import (
	"errors"
	"fmt"
	"io"
)

// maxSize is the greatest number that fits the header's ten digits.
const maxSize = 9_999_999_999

// Writer writes an archive: the same members give the same bytes.
type Writer struct {
	w       io.Writer
	left    int64
	pad     bool
	started bool
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// WriteHeader begins a member, whose Size bytes must follow by Write. The one before must
// be complete.
func (w *Writer) WriteHeader(h Header) error {
	if len(h.Name) > 16 || h.Size < 0 || h.Size > maxSize {
		return fmt.Errorf("write ar member %q of %d bytes: name or size does not fit the format", h.Name, h.Size)
	}
	header := fmt.Sprintf("%-16s%-12d%-6d%-6d%-8s%-10d%s", h.Name, 0, 0, 0, "100644", h.Size, trailer)
	if _, err := parseName([]byte(header[:16])); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	w.left, w.pad = h.Size, h.Size%2 == 1
	_, err := io.WriteString(w.w, header)
	return err
}

// Write appends to the current member. More than its size is an error.
func (w *Writer) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, errors.New("write ar member: more bytes than its header says")
	}
	n, err := w.w.Write(p)
	w.left -= int64(n)
	return n, err
}

// Flush ends the current member. It must be called after the last one.
func (w *Writer) Flush() error {
	if w.left > 0 {
		return fmt.Errorf("write ar member: %d bytes are missing", w.left)
	}
	var end string
	switch {
	case !w.started:
		end, w.started = magic, true
	case w.pad:
		end, w.pad = "\n", false
	}
	_, err := io.WriteString(w.w, end)
	return err
}
