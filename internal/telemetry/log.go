// Package telemetry is what a server tells its operator.
package telemetry

import (
	"io"
	"log/slog"
)

// NewLogger writes records of at least level to w, as "json" or as text.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
