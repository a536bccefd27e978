//go:build !unix

package compose

import "errors"

func mkfifo(string) error { return errors.New("this system has no named pipes") }
