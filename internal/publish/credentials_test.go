package publish

import (
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// basic is what login files keep of a user.
func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

func write(t *testing.T, dir, name, text string, mode os.FileMode) {
	t.Helper()
	at := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestCredentials(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the helpers of this test are shell scripts")
	}
	const helper = `#!/bin/sh
read server
case "$1 $server" in
"get helped.example.com") echo '{"ServerURL":"x","Username":"helen","Secret":"'$HELPED'"}';;
"get token.example.com") echo '{"Username":"<token>","Secret":"refresh"}';;
*) echo "credentials not found in native keychain"; exit 1;;
esac
`
	docker := `{"auths": {
		"https://index.docker.io/v1/": {"auth": "` + basic("hub", "1") + `"},
		"registry.example.com": {"auth": "` + basic("wide", "2:3") + `"},
		"registry.example.com/team": {"auth": "` + basic("narrow", "4") + `"},
		"https://old.example.com/v2/": {"username": "old", "password": "5"},
		"identity.example.com": {"identitytoken": "t1"}, "registrytoken.example.com": {"registrytoken": "t2"}},
		"credHelpers": {"helped.example.com": "one", "token.example.com": "one"}}`
	home := t.TempDir()
	write(t, home, "bin/docker-credential-one", helper, 0o755)
	write(t, home, ".docker/config.json", docker, 0o600)
	write(t, home, ".config/containers/auth.json", `{"auths": {"podman.example.com": {"auth": "`+basic("pod", "6")+`"},
		"registry.example.com": {"auth": "`+basic("later", "7")+`"}}}`, 0o600)
	env := []string{"HOME=" + home, "PATH=" + filepath.Join(home, "bin") + ":/usr/bin:/bin", "HELPED=secret"}
	for repository, want := range map[string]authn.AuthConfig{
		"docker.io/library/x":            {Username: "hub", Password: "1"},
		"registry.example.com/other/app": {Username: "wide", Password: "2:3"},
		"registry.example.com/team/app":  {Username: "narrow", Password: "4"},
		"registry.example.com/teams/app": {Username: "wide", Password: "2:3"},
		"old.example.com/x":              {Username: "old", Password: "5"},
		"identity.example.com/x":         {IdentityToken: "t1"},
		"registrytoken.example.com/x":    {RegistryToken: "t2"},
		"helped.example.com/x":           {Username: "helen", Password: "secret"},
		"token.example.com/x":            {IdentityToken: "refresh"},
		"podman.example.com/x":           {Username: "pod", Password: "6"},
		"unknown.example.com/x":          {},
		"registry.example.com:5000/x":    {},
	} {
		repo, err := name.NewRepository(repository)
		if err != nil {
			t.Fatal(err)
		}
		auth, err := (&credentials{env: env}).Resolve(repo)
		if err != nil {
			t.Errorf("%s: %v", repository, err)
			continue
		}
		if got, err := auth.Authorization(); err != nil || *got != want {
			t.Errorf("%s: %+v, %v; want %+v", repository, got, err, want)
		}
	}
	write(t, home, "other/config.json", `{"credsStore": "one", "auths": {"kept.example.com": {"auth": "`+basic("kept", "8")+`"}, "registry.example.com": {}}}`, 0o600)
	elsewhere := append(env, "DOCKER_CONFIG="+filepath.Join(home, "other"))
	for repository, want := range map[string]string{"helped.example.com/x": "helen", "kept.example.com/x": "kept", "registry.example.com/x": "later"} {
		repo, _ := name.NewRepository(repository)
		auth, err := (&credentials{env: elsewhere}).Resolve(repo)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := auth.Authorization(); got.Username != want {
			t.Errorf("with DOCKER_CONFIG %s: %+v", repository, got)
		}
	}
}

func TestBadCredentials(t *testing.T) {
	repo, _ := name.NewRepository("registry.example.com/x")
	for text, want := range map[string]string{
		`{"auths": {"registry.example.com": {"auth": "secret!"}}`:   "not the JSON",
		`{"auths": {"registry.example.com": {"auth": "secret!"}}}`:  "not the base64",
		`{"auths": {"registry.example.com": {"auth": "c2VjcmV0"}}}`: "not the base64",
		"{" + strings.Repeat(" ", maxConfig):                        "larger than",
	} {
		home := t.TempDir()
		write(t, home, ".docker/config.json", text, 0o600)
		_, err := (&credentials{env: []string{"HOME=" + home}}).Resolve(repo)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "config.json") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// TestDenied pushes to a registry that wants a user.
func TestDenied(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		if user == "karl" && password == "right" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	a, ref := archive(t, "first "), reference(t, "oci://"+host+"/app")
	home := t.TempDir()
	p := pusher()
	for _, tt := range []struct {
		what, config string
		env          []string
		want         []string
	}{
		{"no home", "", nil, []string{"neither HOME nor DOCKER_CONFIG is set"}},
		{"no login", "", []string{"HOME=" + home}, []string{".docker/config.json is not there", "containers/auth.json is not there"}},
		{"another's login", `{"auths": {"example.com": {"auth": "` + basic("karl", "right") + `"}}}`, []string{"HOME=" + home}, []string{"config.json has none for " + host}},
		{"a helper that is not there", `{"credsStore": "none-here"}`, []string{"HOME=" + home}, []string{"nor has docker-credential-none-here: it is not in PATH"}},
		{"wrong password", `{"auths": {"` + host + `": {"auth": "` + basic("karl", "wrong") + `"}}}`, []string{"HOME=" + home}, []string{`user "karl", from `}},
	} {
		if tt.config != "" {
			write(t, home, ".docker/config.json", tt.config, 0o600)
		}
		p.Env = tt.env
		_, err := p.Push(t.Context(), a, ref, []string{"1"})
		var denied *DeniedError
		if !errors.As(err, &denied) || denied.Host != host {
			t.Errorf("%s: %v", tt.what, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.what, err, want)
			}
		}
		if strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: the error has the password: %v", tt.what, err)
		}
	}
	write(t, home, ".docker/config.json", `{"auths": {"`+host+`": {"auth": "`+basic("karl", "right")+`"}}}`, 0o600)
	if _, err := p.Push(t.Context(), a, ref, []string{"1"}); err != nil {
		t.Error(err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add(`{"auths": {"registry.example.com": {"auth": "a2FybDpyaWdodA=="}}}`)
	f.Add(`{"credHelpers": {"registry.example.com": "../x"}, "credsStore": "-"}`)
	repo, _ := name.NewRepository("registry.example.com/a/b")
	f.Fuzz(func(t *testing.T, text string) {
		home := t.TempDir()
		write(t, home, ".docker/config.json", text, 0o600)
		auth, err := (&credentials{env: []string{"HOME=" + home, "PATH=" + home}}).Resolve(repo)
		if err == nil {
			auth.Authorization()
		}
	})
}
