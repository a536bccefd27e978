module example.com/caddy-hello

go 1.25.0

require github.com/caddyserver/caddy/v2 v2.11.9
