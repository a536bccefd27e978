module example.com/idle

go 1.24

require (
	go.opentelemetry.io/collector/component v1.51.0
	go.opentelemetry.io/collector/extension v1.51.0
)
