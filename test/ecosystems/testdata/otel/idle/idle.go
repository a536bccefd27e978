// Package idle is an extension of the OpenTelemetry collector that does nothing.
package idle

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

type config struct{}

type idle struct{}

func (idle) Start(context.Context, component.Host) error { return nil }
func (idle) Shutdown(context.Context) error              { return nil }

// NewFactory is what a collector calls.
func NewFactory() extension.Factory {
	return extension.NewFactory(
		component.MustNewType("idle"),
		func() component.Config { return &config{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return idle{}, nil
		},
		component.StabilityLevelDevelopment,
	)
}
