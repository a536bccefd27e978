package compose

import (
	"fmt"
	"strings"
)

// Refusal is a composition that cannot be: the plugin or application that the user named
// does not fit, and compiling was not tried.
type Refusal struct {
	Who    string // "plugin ../count-plugin", "application ."
	File   string // the file it shows in, with a line where there is one; may be ""
	Reason string // what is wrong, and what is expected
}

func (e *Refusal) Error() string {
	s := e.Who + ": "
	if e.File != "" {
		s += e.File + ": "
	}
	return s + e.Reason
}

func refuse(who, file, format string, args ...any) error {
	return &Refusal{Who: who, File: file, Reason: fmt.Sprintf(format, args...)}
}

// StaleError says that the lock was written for other go.mod files than there are now.
type StaleError struct {
	What []string // each difference, one line
}

func (e *StaleError) Error() string {
	return "the lock does not fit the composition: " + strings.Join(e.What, "; ")
}

// DownloadError is a module that the go command could not get.
type DownloadError struct {
	Module string // path@version
	Err    error  // ErrOffline when it was not allowed to try
}

func (e *DownloadError) Error() string { return "download module " + e.Module + ": " + e.Err.Error() }
func (e *DownloadError) Unwrap() error { return e.Err }
