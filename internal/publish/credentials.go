package publish

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/graft-build/graft/event"
	"github.com/graft-build/graft/internal/run"
)

// credentials finds users and passwords of registries where docker login, podman login and
// skopeo login keep them, and asks credential helpers (docker-credential-NAME). It is an
// authn.Keychain that knows no environment but the one that it is given.
type credentials struct {
	env    []string
	events event.Sink

	mu     sync.Mutex
	looked []string
}

// maxConfig bounds a file of credentials.
const maxConfig = 1 << 20

// config is the part of Docker's config.json, and of auth.json (containers-auth.json(5)),
// that has credentials.
type config struct {
	Auths       map[string]login  `json:"auths"`
	CredsStore  string            `json:"credsStore"`
	CredHelpers map[string]string `json:"credHelpers"`
}

type login struct {
	Auth          string `json:"auth"` // base64 of user:password
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// Resolve is ResolveContext without an end.
func (c *credentials) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return c.ResolveContext(context.Background(), r)
}

// ResolveContext returns the credentials for a repository. The first file that has any for it wins.
func (c *credentials) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	for _, file := range c.files() {
		cfg, err := readConfig(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.note("%s is not there", file)
			continue
		case err != nil:
			return nil, fmt.Errorf("read credentials %s: %w", file, err)
		}
		auth, from, err := c.find(ctx, cfg, r)
		if err != nil {
			return nil, fmt.Errorf("read credentials %s: %w", file, err)
		}
		if auth != nil {
			c.note("%s, user %q, from %s", r.RegistryStr(), auth.Username, strings.TrimSpace(file+" "+from))
			c.events.Send(event.Note{Text: "credentials of " + r.RegistryStr() + " are from " + strings.TrimSpace(file+" "+from)})
			return authn.FromConfig(*auth), nil
		}
		c.note("%s has none for %s%s", file, r.RegistryStr(), from)
	}
	return authn.Anonymous, nil
}

// files are where credentials may be, the first choice first.
func (c *credentials) files() []string {
	home := c.getenv("HOME")
	if home == "" {
		home = c.getenv("USERPROFILE")
	}
	var out []string
	add := func(dir string, parts ...string) {
		if dir != "" {
			out = append(out, filepath.Join(append([]string{dir}, parts...)...))
		}
	}
	if dir := c.getenv("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	add(c.getenv("REGISTRY_AUTH_FILE"))
	add(c.getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	if dir := c.getenv("XDG_CONFIG_HOME"); dir != "" {
		add(dir, "containers", "auth.json")
	} else {
		add(home, ".config", "containers", "auth.json")
	}
	return out
}

func readConfig(file string) (config, error) {
	var cfg config
	f, err := os.Open(file)
	if err != nil {
		return cfg, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return cfg, err
	}
	if len(b) > maxConfig {
		return cfg, fmt.Errorf("it is larger than %d bytes", maxConfig)
	}
	if err := json.Unmarshal(b, &cfg); err != nil {
		return cfg, errors.New("it is not the JSON that docker login writes") // the JSON error may quote a secret
	}
	return cfg, nil
}

// find looks for a repository's credentials in one file: its helper, the helper of all, the
// entries. from says which helper was asked.
func (c *credentials) find(ctx context.Context, cfg config, r authn.Resource) (auth *authn.AuthConfig, from string, err error) {
	keys := keysOf(r.String())
	helper := cfg.CredsStore
	for key, name := range cfg.CredHelpers {
		if plainKey(key) == keys[len(keys)-1] {
			helper = name
		}
	}
	if helper != "" {
		auth, err := c.ask(ctx, helper, serverOf(r.RegistryStr()))
		if auth != nil {
			return auth, "(docker-credential-" + helper + ")", nil
		}
		from = fmt.Sprintf(", nor has docker-credential-%s: %v", helper, err)
	}
	entries := map[string]login{}
	for key, l := range cfg.Auths {
		entries[plainKey(key)] = l
	}
	for _, key := range keys {
		if l, ok := entries[key]; ok && l != (login{}) {
			auth, err := l.config()
			return auth, "", err
		}
	}
	return nil, from, nil
}

// keysOf are the entries that can be about a repository, the narrowest first: "host/a/b",
// "host/a", "host".
func keysOf(repository string) []string {
	var out []string
	for key := plainKey(repository); ; {
		out = append(out, key)
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			return out
		}
		key = key[:i]
	}
}

// plainKey is an entry's key without what older versions of Docker wrote around the host.
func plainKey(key string) string {
	for _, scheme := range []string{"https://", "http://"} {
		key = strings.TrimPrefix(key, scheme)
	}
	key = strings.TrimSuffix(key, "/")
	for _, version := range []string{"/v1", "/v2"} {
		key = strings.TrimSuffix(key, version)
	}
	host, rest, _ := strings.Cut(key, "/")
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		host = "docker.io"
	}
	if rest == "" {
		return host
	}
	return host + "/" + rest
}

// serverOf is what helpers call a registry.
func serverOf(registry string) string {
	if plainKey(registry) == "docker.io" {
		return authn.DefaultAuthKey
	}
	return registry
}

func (l login) config() (*authn.AuthConfig, error) {
	out := authn.AuthConfig{Username: l.Username, Password: l.Password, IdentityToken: l.IdentityToken, RegistryToken: l.RegistryToken}
	if l.Auth != "" {
		b, err := base64.StdEncoding.DecodeString(l.Auth)
		user, password, ok := strings.Cut(string(b), ":")
		if err != nil || !ok {
			return nil, errors.New("an auth in it is not the base64 of user:password")
		}
		out.Username, out.Password = user, strings.TrimRight(password, "\x00")
	}
	return &out, nil
}

var helperForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)

// ask asks a credential helper: docker-credential-NAME get, with the registry as its input
// and a JSON object as its answer.
func (c *credentials) ask(ctx context.Context, helper, server string) (*authn.AuthConfig, error) {
	if !helperForm.MatchString(helper) {
		return nil, errors.New("that is no name of a helper")
	}
	exe := run.Look(c.env, "docker-credential-"+helper)
	if exe == "" {
		return nil, errors.New("it is not in PATH")
	}
	// Without events: its environment has secrets.
	b, err := run.Output(ctx, run.Cmd{Argv: []string{exe, "get"}, Env: c.env, Stdin: strings.NewReader(server + "\n")})
	if err != nil {
		said := strings.TrimSpace(string(b))
		if said == "" || len(said) > 500 {
			said = err.Error()
		}
		return nil, errors.New(said)
	}
	var answer struct{ Username, Secret string }
	if err := json.Unmarshal(b, &answer); err != nil || answer.Secret == "" {
		return nil, errors.New("it answers no credentials")
	}
	if answer.Username == "<token>" {
		return &authn.AuthConfig{IdentityToken: answer.Secret}, nil
	}
	return &authn.AuthConfig{Username: answer.Username, Password: answer.Secret}, nil
}

func (c *credentials) getenv(name string) string {
	for _, kv := range slices.Backward(c.env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

func (c *credentials) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := fmt.Sprintf(format, args...); !slices.Contains(c.looked, s) {
		c.looked = append(c.looked, s)
	}
}

// report says where credentials were looked for.
func (c *credentials) report() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.looked) == 0 {
		return []string{"none: neither HOME nor DOCKER_CONFIG is set"}
	}
	return slices.Clone(c.looked)
}
