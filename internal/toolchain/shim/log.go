package shim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// LogVariable names the environment variable with the file that every call of a tool is
// written to.
const LogVariable = "GRAFT_SHIM_LOG"

// Entry is a line of the log: one call of a tool.
type Entry struct {
	Tool  string   `json:"tool"`            // "cc", "c++", …
	Args  []string `json:"args"`            // as the tool got them
	Zig   []string `json:"zig,omitempty"`   // the command that ran; none when the tool answered itself
	Notes []string `json:"notes,omitempty"` // flags that were dropped or changed
}

var toolNames = map[tool]string{
	toolCC: "cc", toolCXX: "c++", toolAr: "ar", toolRanlib: "ranlib", toolLD: "ld", toolPkgConfig: "pkg-config",
}

// log appends to the log, if there is one. A log that can't be written fails no build.
func (s *session) log(given, argv, notes []string) {
	name := getenv(s.env, LogVariable)
	if name == "" {
		return
	}
	b, err := json.Marshal(Entry{Tool: toolNames[s.tool], Args: given, Zig: argv, Notes: notes})
	if err != nil {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		fmt.Fprintf(s.stderr, "graft: write %s: %v\n", name, err)
		return
	}
	defer f.Close()
	f.Write(append(b, '\n'))
}

// ReadLog reads the log of a build. Lines that calls of other versions wrote are left out.
func ReadLog(r io.Reader) ([]Entry, error) {
	var out []Entry
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var e Entry
		if json.Unmarshal(sc.Bytes(), &e) == nil && e.Tool != "" {
			out = append(out, e)
		}
	}
	return out, sc.Err()
}
