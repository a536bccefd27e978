package publish

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Reference is where an image goes: oci://HOST/NAME:TAG.
type Reference struct {
	Host  string // "registry.example.com", "127.0.0.1:5000"
	Name  string // "team/image-server"
	Tag   string // "" when none is given
	Plain bool   // oci+http://: without TLS
}

// String is the reference as other tools write it, without scheme.
func (r Reference) String() string {
	s := r.Host + "/" + r.Name
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	return s
}

// The distribution specification's forms of names and tags (v1.1, "Pulling manifests").
var (
	nameForm = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagForm  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	hostForm = regexp.MustCompile(`^([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$`)
)

// ParseReference reads oci://HOST/NAME[:TAG].
func ParseReference(s string) (Reference, error) {
	bad := func(why string) (Reference, error) {
		return Reference{}, fmt.Errorf("%q: %s; want oci://HOST/NAME:TAG, such as oci://registry.example.com/team/app:1.0", s, why)
	}
	var r Reference
	rest, ok := strings.CutPrefix(s, "oci://")
	if !ok {
		if rest, r.Plain = strings.CutPrefix(s, "oci+http://"); !r.Plain {
			return bad("unknown scheme")
		}
	}
	host, path, ok := strings.Cut(rest, "/")
	switch {
	case strings.Contains(host, "@"):
		return Reference{}, errors.New("user and password don't belong into the address of a registry; docker login keeps them")
	case strings.Contains(path, "@"):
		return bad("a digest can't be chosen")
	case !hostForm.MatchString(host):
		return bad("bad host")
	case !ok:
		return bad("the name is missing")
	}
	r.Host, r.Name = strings.ToLower(host), path
	if i := strings.LastIndexByte(path, ':'); i >= 0 {
		r.Name, r.Tag = path[:i], path[i+1:]
		if err := CheckTag(r.Tag); err != nil {
			return bad(err.Error())
		}
	}
	if !nameForm.MatchString(r.Name) || len(r.Name) > 255-len(r.Host) {
		return bad("bad name: want lower-case letters and digits, parts separated by / . _ or -")
	}
	if !strings.ContainsAny(r.Host, ".:") && r.Host != "localhost" {
		r.Host += ":443" // tools that leave out the registry would take it for a user
	}
	if _, err := r.repository(); err != nil {
		return bad("bad host")
	}
	return r, nil
}

// CheckTag says whether s can be a tag.
func CheckTag(s string) error {
	if !tagForm.MatchString(s) {
		return fmt.Errorf("bad tag %q: want letters, digits and . _ -, at most 128", s)
	}
	return nil
}

func (r Reference) repository() (name.Repository, error) {
	options := []name.Option{name.StrictValidation}
	if r.Plain {
		options = append(options, name.Insecure)
	}
	return name.NewRepository(r.Host+"/"+r.Name, options...)
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// DeniedError is a registry that wants other credentials.
type DeniedError struct {
	Host   string
	Status int
	Looked []string // where credentials were looked for, and what was there
	Err    error
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("push to %s: the registry refuses: %v\ncredentials: %s", e.Host, e.Err, strings.Join(e.Looked, "\n             "))
}

func (e *DeniedError) Unwrap() error { return e.Err }

// Error is a registry that could not be reached or did not take an image.
type Error struct {
	Reference string
	Err       error
}

func (e *Error) Error() string { return fmt.Sprintf("push to %s: %v", e.Reference, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// explain says what a failed push was about.
func (r Reference) explain(err error, keys *credentials) error {
	var t *transport.Error
	if errors.As(err, &t) && (t.StatusCode == 401 || t.StatusCode == 403) {
		return &DeniedError{Host: r.Host, Status: t.StatusCode, Looked: keys.report(), Err: err}
	}
	return &Error{Reference: r.String(), Err: err}
}
