module example.com/caddy-hello

go 1.25.0

require (
	example.com/greeting v0.0.0
	github.com/caddyserver/caddy/v2 v2.11.9
)

replace example.com/greeting => ../greeting
