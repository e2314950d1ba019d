// The name of a call: taken over from the caller if it is harmless, and in the
// answer and the log.

package rpc_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

func TestRequestID(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	ask := func(t *testing.T, headers ...string) (echoed string, record map[string]any) {
		t.Helper()
		for _, body := range []string{`{"apiKeyId":"KEY"}`, `{`} { // answers and errors alike
			a := w.post(t, v1.UsageServiceGetUsageProcedure, body, headers...)
			require.Len(t, a.header.Values("X-Request-Id"), 1)
			echoed = a.header.Get("X-Request-Id")
			records := w.s.logs.records(t, "call")
			record = records[len(records)-1]
			require.Equal(t, echoed, record["request_id"])
		}
		return echoed, record
	}
	for _, good := range []string{"a", "01HF-abc_def.1:2", uuid.NewString(), strings.Repeat("x", 64)} {
		echoed, _ := ask(t, "X-Request-Id", good)
		require.Equal(t, good, echoed)
	}
	seen := map[string]bool{}
	for _, bad := range []string{
		"", " ", "a b", strings.Repeat("x", 65), strings.Repeat("x", 10_000), `"},{"level":"ERROR"`, "<script>", "a\tb", "é", "%0d%0aSet-Cookie:x", "${jndi:ldap://x}", "a,b", "a\u202eb", "a;b", "../x",
	} {
		echoed, _ := ask(t, "X-Request-Id", bad)
		_, err := uuid.Parse(echoed)
		require.NoError(t, err, "%q was taken over: %q", bad, echoed)
		require.False(t, seen[echoed], "a new name every time")
		seen[echoed] = true
	}
	require.NotContains(t, w.s.logs.String(), "script")
	none, _ := ask(t)
	require.Len(t, none, 36)
}
