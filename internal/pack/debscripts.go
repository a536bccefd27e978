package pack

import (
	"fmt"
	"slices"
	"strings"
)

// debScripts are the maintainer scripts of a package with services, by name; those of a
// package without are none. They do what debhelper's would (dh_installsystemd,
// dh_installsysusers) by the same programs, which work where systemd does not run, such as in
// a chroot, and keep it when an administrator has disabled a service.
func debScripts(services []Service) map[string]string {
	if len(services) == 0 {
		return nil
	}
	var configure, start, stop, purge strings.Builder
	var users []string
	for _, s := range services {
		if s.sysusers() {
			users = append(users, s.Name+".conf")
		}
		unit := s.unit()
		fmt.Fprintf(&configure, `	deb-systemd-helper unmask %[1]s >/dev/null || true
	if deb-systemd-helper --quiet was-enabled %[1]s; then
		deb-systemd-helper enable %[1]s >/dev/null || true
	else
		deb-systemd-helper update-state %[1]s >/dev/null || true
	fi
`, unit)
		fmt.Fprintf(&start, "		deb-systemd-invoke $action %s >/dev/null || true\n", unit)
		fmt.Fprintf(&stop, "	deb-systemd-invoke stop %s >/dev/null || true\n", unit)
		fmt.Fprintf(&purge, `	if command -v deb-systemd-helper >/dev/null; then
		deb-systemd-helper purge %s >/dev/null || true
	fi
`, unit)
		if s.State {
			fmt.Fprintf(&purge, "	rm -rf \"${DPKG_ROOT:-}/var/lib/%s\"\n", s.Name)
		}
	}
	slices.Sort(users)
	sysusers := ""
	if len(users) > 0 {
		sysusers = "	systemd-sysusers ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} " + strings.Join(users, " ") + "\n"
	}
	const head = "#!/bin/sh\nset -e\n"
	return map[string]string{
		"postinst": head + `case "$1" in configure|abort-upgrade|abort-deconfigure|abort-remove)
` + sysusers + configure.String() + `	if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then action=restart; else action=start; fi
` + start.String() + `	fi
	;;
esac
`,
		"prerm": head + `if [ -z "${DPKG_ROOT:-}" ] && [ "$1" = remove ] && [ -d /run/systemd/system ]; then
` + stop.String() + `fi
`,
		"postrm": head + `if [ -z "${DPKG_ROOT:-}" ] && [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
` + purge.String() + `fi
`,
	}
}

// sysusersDepends is what brings the program that makes users, as dh_installsysusers has it.
func sysusersDepends(services []Service) string {
	if slices.ContainsFunc(services, Service.sysusers) {
		return "systemd | systemd-standalone-sysusers | systemd-sysusers"
	}
	return ""
}
