package publish

import (
	"strings"
	"testing"
)

func TestParseReference(t *testing.T) {
	for in, want := range map[string]Reference{
		"oci://registry.example.com/team/app:1.0":    {Host: "registry.example.com", Name: "team/app", Tag: "1.0"},
		"oci://registry.example.com/app":             {Host: "registry.example.com", Name: "app"},
		"oci://127.0.0.1:5000/a/b/c:x_y.z-1":         {Host: "127.0.0.1:5000", Name: "a/b/c", Tag: "x_y.z-1"},
		"oci://localhost/app":                        {Host: "localhost", Name: "app"},
		"oci://[::1]:5000/app":                       {Host: "[::1]:5000", Name: "app"},
		"oci+http://registry.lan:5000/app":           {Host: "registry.lan:5000", Name: "app", Plain: true},
		"oci://REGISTRY.example.com/app":             {Host: "registry.example.com", Name: "app"},
		"oci://registry/app":                         {Host: "registry:443", Name: "app"},
		"oci://docker.io/library/app__x/a-b/c--d:v1": {Host: "docker.io", Name: "library/app__x/a-b/c--d", Tag: "v1"},
	} {
		got, err := ParseReference(in)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
		if _, err := got.repository(); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
	for in, want := range map[string]string{
		"":                                              "unknown scheme",
		"registry.example.com/app":                      "unknown scheme",
		"docker://registry.example.com/app":             "unknown scheme",
		"oci://":                                        "bad host",
		"oci://registry.example.com":                    "name is missing",
		"oci://registry.example.com/":                   "bad name",
		"oci://registry.example.com/App":                "bad name",
		"oci://registry.example.com/a//b":               "bad name",
		"oci://registry.example.com/../a":               "bad name",
		"oci://registry.example.com/a?x=y":              "bad name",
		"oci://registry.example.com/a:":                 "bad tag",
		"oci://registry.example.com/a:-x":               "bad tag",
		"oci://registry.example.com/a@sha256":           "digest",
		"oci://user:secret@example.com/a":               "docker login",
		"oci://exa mple.com/a":                          "bad host",
		"oci://example.com/" + strings.Repeat("a", 300): "bad name",
	} {
		_, err := ParseReference(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	f.Add("oci://registry.example.com/team/app:1.0")
	f.Add("oci+http://[::1]:5000/a")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReference(s)
		if err != nil {
			return
		}
		// What is accepted means the same to the client library.
		repo, err := r.repository()
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if got := repo.RepositoryStr(); got != r.Name && got != "library/"+r.Name {
			t.Errorf("%q: %s, want %s", s, got, r.Name)
		}
	})
}
