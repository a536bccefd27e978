package compose

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// kept are the variables of the user's environment that the go command may see: where it
// finds and keeps modules, how it reaches and authenticates to their servers, what the
// system's programs need to start. Each of them decides whether a build succeeds, none
// what comes out of it.
var kept = []string{
	// Module download and its checks.
	"GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH",
	// Caches and temporary files.
	"GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME",
	// The user's home, for netrc, git's and ssh's own configuration.
	"HOME", "NETRC", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "USER", "LOGNAME",
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
	"GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_EXEC_PATH",
	// The network.
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	// Programs: git, and what Windows programs do not start without.
	"PATH", "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "USERPROFILE", "HOMEDRIVE", "HOMEPATH",
	"APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)",
}

// fixed is what every go command runs with, whatever the user has set.
var fixed = map[string]string{
	"GOENV":       "off", // GoEnv has read that file
	"GOWORK":      "off",
	"GOFLAGS":     "",
	"GOTOOLCHAIN": "local", // the lock names the Go version
	"GO111MODULE": "on",
	"LC_ALL":      "C",
	// A password prompt in the middle of a build helps nobody.
	"GIT_TERMINAL_PROMPT": "0",
}

// GoEnv returns the environment for go commands, made from the user's: downloads, private
// modules and credentials work as the user has set them up, also by go env -w, and nothing
// else of his settings can reach the output. Platform and cgo variables are left to the
// caller, who appends them. The result is sorted.
func GoEnv(userEnv []string) []string {
	return goEnv(userEnv, runtime.GOOS)
}

// variables are the user's environment and the settings of go env -w.
func variables(userEnv []string, goos string) (user, settings map[string]string) {
	user = map[string]string{}
	for _, kv := range userEnv {
		// Windows has variables such as "=C:" that begin with their separator.
		if i := strings.IndexByte(kv, '='); i > 0 {
			user[canonical(kv[:i], goos == "windows")] = kv[i+1:]
		}
	}
	return user, readGoEnvFile(goEnvFile(user, goos))
}

// toolchainFixed says whether the user wants no other Go than the installed one.
func toolchainFixed(userEnv []string, goos string) bool {
	user, settings := variables(userEnv, goos)
	return cmp.Or(user["GOTOOLCHAIN"], settings["GOTOOLCHAIN"]) == "local"
}

func goEnv(userEnv []string, goos string) []string {
	fold := goos == "windows"
	user, settings := variables(userEnv, goos)
	out := maps.Clone(fixed)
	for _, name := range kept {
		name = canonical(name, fold)
		if v := user[name]; v != "" {
			out[name] = v
		} else if v := settings[name]; v != "" && strings.HasPrefix(name, "GO") {
			out[name] = v
		}
	}
	// The one flag that says how the user's cache is kept, and nothing of the output.
	flags := user["GOFLAGS"]
	if flags == "" {
		flags = settings["GOFLAGS"]
	}
	if slices.Contains(strings.Fields(flags), "-modcacherw") {
		out["GOFLAGS"] = "-modcacherw"
	}
	for name, v := range user {
		// GIT_CONFIG_KEY_0 and so on, which GIT_CONFIG_COUNT counts.
		if strings.HasPrefix(name, "GIT_CONFIG_KEY_") || strings.HasPrefix(name, "GIT_CONFIG_VALUE_") {
			out[name] = v
		}
	}
	list := make([]string, 0, len(out))
	for _, name := range slices.Sorted(maps.Keys(out)) {
		list = append(list, name+"="+out[name])
	}
	return list
}

// canonical is a variable's name as maps know it: Windows does not tell case apart.
func canonical(name string, fold bool) string {
	if fold {
		return strings.ToUpper(name)
	}
	return name
}

// goEnvFile is where go env -w keeps its settings, "" when there is no such place.
func goEnvFile(user map[string]string, goos string) string {
	switch file := user["GOENV"]; {
	case file == "off":
		return ""
	case file != "":
		return file
	}
	var dir string
	switch goos {
	case "windows":
		dir = user["APPDATA"]
	case "darwin", "ios":
		if home := user["HOME"]; home != "" {
			dir = home + "/Library/Application Support"
		}
	default:
		dir = user["XDG_CONFIG_HOME"]
		if dir == "" && user["HOME"] != "" {
			dir = user["HOME"] + "/.config"
		}
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "go", "env")
}

// readGoEnvFile reads a file of go env -w. As for the go command, one that cannot be read
// has no settings.
func readGoEnvFile(file string) map[string]string {
	if file == "" {
		return nil
	}
	if fi, err := os.Stat(file); err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil
	}
	settings := map[string]string{}
	for line := range bytes.Lines(b) {
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		if ok && name != "" && name[0] >= 'A' && name[0] <= 'Z' {
			settings[name] = value
		}
	}
	return settings
}

// getenv returns a variable of an environment list.
func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok {
			return v
		}
	}
	return ""
}
