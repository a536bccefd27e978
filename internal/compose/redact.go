package compose

import (
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// What of a go command's or git's message is a secret: who an address is asked as, what is
// sent to authenticate, and tokens in addresses.
var (
	userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s'"]*@`)
	header   = regexp.MustCompile(`(?i)(\bauthorization\s*:\s*(?:(?:basic|bearer|token|digest)\s+)?)[^\s'"]+`)
	query    = regexp.MustCompile(`(?i)([?&][a-z_-]*(?:token|key|password|secret|signature|sig|auth)=)[^&\s'"]+`)
)

const hidden = "***"

// redact hides secrets in a message.
func redact(text string) string {
	text = userinfo.ReplaceAllString(text, "${1}"+hidden+"@")
	text = header.ReplaceAllString(text, "${1}"+hidden)
	return query.ReplaceAllString(text, "${1}"+hidden)
}

// Redact hides secrets in a message of the go command, those of the user's netrc file too.
func (g Go) Redact(text string) string {
	for _, s := range g.netrcPasswords() {
		text = strings.ReplaceAll(text, s, hidden)
	}
	return redact(text)
}

// netrcPasswords are the passwords of the file that the go command finds credentials in.
func (g Go) netrcPasswords() []string {
	file := getenv(g.Env, "NETRC")
	if file == "" {
		name, home := ".netrc", getenv(g.Env, "HOME")
		if runtime.GOOS == "windows" {
			name, home = "_netrc", getenv(g.Env, "USERPROFILE")
		}
		if home == "" {
			return nil
		}
		file = filepath.Join(home, name)
	}
	b, err := readFile(file, 1<<20)
	if err != nil {
		return nil
	}
	var out []string
	words := strings.Fields(string(b))
	for i := 1; i < len(words); i++ {
		// A shorter one would hide parts of ordinary words.
		if words[i-1] == "password" && len(words[i]) >= 4 {
			out = append(out, words[i])
		}
	}
	return out
}
