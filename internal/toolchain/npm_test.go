package toolchain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRegistries(t *testing.T) {
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".npmrc"), "audit=false\n; registry=no\nregistry = \"https://user.example.com/npm/\"\n")
	other := filepath.Join(home, "other")
	writeFile(t, other, "registry=https://other.example.com\n")
	variable := filepath.Join(home, "variable")
	writeFile(t, variable, "registry=https://${HOST}/\n")
	tests := []struct {
		env  []string
		want []string
	}{
		{nil, []string{DefaultRegistry}},
		{[]string{"npm_config_registry=https://env.example.com/"}, []string{"https://env.example.com", DefaultRegistry}},
		{[]string{"NPM_CONFIG_REGISTRY=https://env.example.com"}, []string{"https://env.example.com", DefaultRegistry}},
		{[]string{"HOME=" + home}, []string{"https://user.example.com/npm", DefaultRegistry}},
		{[]string{"HOME=" + home, "npm_config_userconfig=" + other}, []string{"https://other.example.com", DefaultRegistry}},
		{[]string{"npm_config_userconfig=" + variable}, []string{DefaultRegistry}},
		{[]string{"npm_config_registry=ftp://x", "GRAFT_MIRROR_NPM=https://a.example.com https://b.example.com/"}, []string{"https://a.example.com", "https://b.example.com/", DefaultRegistry}},
		{[]string{"npm_config_registry=" + DefaultRegistry + "/"}, []string{DefaultRegistry}},
	}
	for _, tt := range tests {
		c := ZigConfig{Env: tt.env, Store: newStore(t)}
		c.fill()
		if _, err := os.Stat("/etc/npmrc"); err == nil && len(tt.env) == 0 && npmrc("/etc/npmrc") != "" {
			continue
		}
		if diff := cmp.Diff(tt.want, c.registries(t.Context())); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.env, diff)
		}
	}
}
