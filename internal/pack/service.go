package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Service is a systemd unit that keeps the program running.
type Service struct {
	Name        string // of the unit, without .service
	Description string
	Args        []string
	Env         map[string]string
	User        string // that it runs as; made by sysusers unless it is root
	State       bool   // it has a folder of its own to write to, /var/lib/NAME
	Unit        []byte // instead of the generated unit; its user is made all the same
}

// sandbox is what a server that talks to the network and writes to its own folder can do
// without. An administrator loosens it by a drop-in, a manifest by a unit of its own.
const sandbox = `NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
`

// maxUser is the longest name of a user that systemd takes.
const maxUser = 31

// unit is the file name of the unit.
func (s Service) unit() string { return s.Name + ".service" }

// user is the user's name. Those of packages begin with an underscore (Debian policy, 9.2.1),
// so that they are no person's.
func (s Service) user() string {
	if s.User != "" {
		return s.User
	}
	name := "_" + strings.Map(func(r rune) rune {
		if r == '.' || r == '+' || r == '@' {
			return '-'
		}
		return r
	}, s.Name)
	return name[:min(len(name), maxUser)]
}

// sysusers says whether the user has to be made.
func (s Service) sysusers() bool { return s.user() != "root" }

// files are the unit and what makes its user.
func (s Service) files(in In) ([]File, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("service %s: %w", s.Name, err)
	}
	unit := s.Unit
	if unit == nil {
		unit = s.unitText(in)
	}
	out := []File{{Path: "/usr/lib/systemd/system/" + s.unit(), Data: unit, Mode: 0o644}}
	if s.sysusers() {
		home := "-"
		if s.State {
			home = "/var/lib/" + s.Name
		}
		line := fmt.Sprintf("u %s - %q %s\n", s.user(), s.describe(in), home)
		out = append(out, File{Path: "/usr/lib/sysusers.d/" + s.Name + ".conf", Data: []byte(line), Mode: 0o644})
	}
	return out, nil
}

// check refuses what would end the line that it stands in.
func (s Service) check() error {
	const name = "abcdefghijklmnopqrstuvwxyz0123456789-_.+"
	if s.Name == "" || strings.Trim(s.Name, name) != "" || strings.Trim(s.Name[:1], "-_.+") == "" || len(s.Name) > 200 {
		return fmt.Errorf("name: want lower-case letters, digits and - _ . + after one of the first two")
	}
	if u := s.user(); len(u) > maxUser || strings.Trim(u, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || strings.Trim(u[:1], "0123456789-") == "" {
		return fmt.Errorf("user %q: want at most %d lower-case letters, digits, - and _, a letter or _ first", u, maxUser)
	}
	for key, value := range s.Env {
		if strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" || key == "" || !printable(value) {
			return fmt.Errorf("environment %q: want a name of letters, digits and _, and a value on one line", key)
		}
	}
	if !printable(s.Description) || slices.ContainsFunc(s.Args, func(a string) bool { return !printable(a) }) {
		return fmt.Errorf("want no control characters")
	}
	return nil
}

func (s Service) describe(in In) string {
	return or(s.Description, or(firstLine(in.Meta.Description), in.Meta.Name))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

func (s Service) unitText(in In) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "[Unit]\nDescription=%s\nDocumentation=man:%s(%d)\n", unitText(s.describe(in)), in.Meta.Name, in.manSection())
	if in.Meta.Homepage != "" && !strings.ContainsAny(in.Meta.Homepage, " \"\\") {
		fmt.Fprintf(&b, "Documentation=%s\n", unitText(in.Meta.Homepage))
	}
	b.WriteString("After=network.target\n\n[Service]\n")
	b.WriteString("ExecStart=/usr/bin/" + in.Meta.Name)
	for _, a := range s.Args {
		b.WriteString(" " + unitWord(a, true))
	}
	b.WriteString("\nRestart=on-failure\n")
	for _, key := range slices.Sorted(maps.Keys(s.Env)) {
		fmt.Fprintf(&b, "Environment=%s\n", unitWord(key+"="+s.Env[key], false))
	}
	// The administrator's word counts more than the package's.
	fmt.Fprintf(&b, "EnvironmentFile=-/etc/default/%s\n", s.Name)
	if s.sysusers() {
		fmt.Fprintf(&b, "User=%s\n", s.user())
	}
	if s.State {
		fmt.Fprintf(&b, "StateDirectory=%s\nWorkingDirectory=/var/lib/%s\n", s.Name, s.Name)
	}
	b.WriteString(sandbox + "\n[Install]\nWantedBy=multi-user.target\n")
	return []byte(b.String())
}

// unitText is text in a unit, where % introduces a specifier.
func unitText(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// unitWord is one word of a unit's line, systemd.syntax(7). Only command lines know variables.
func unitWord(s string, command bool) string {
	if command {
		s = strings.ReplaceAll(s, "$", "$$")
	}
	s = unitText(s)
	if s != "" && !strings.ContainsAny(s, " \t\"'\\;") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
