// What a log looks like: one line per record, nothing below its level.

package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/telemetry"
)

func TestNewLogger(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := telemetry.NewLogger(&out, slog.LevelWarn, format)
		log.Info("too quiet")
		require.Empty(t, out.String())
		log.Warn("heard", "key", "value\nforged=line")
		require.Equal(t, 1, strings.Count(out.String(), "\n"), "a value must not begin a new line")
		require.Contains(t, out.String(), "heard")
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); format == "json" {
			require.NoError(t, err)
			require.Equal(t, "WARN", record["level"])
			require.Equal(t, "value\nforged=line", record["key"])
		} else {
			require.Error(t, err)
			require.Contains(t, out.String(), "level=WARN")
		}
	}
}
