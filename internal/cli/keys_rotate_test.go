// The keys rotate command.

package cli_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags []string
		req   *satcapv1.RotateApiKeyRequest
	}{
		"alone":        {nil, &satcapv1.RotateApiKeyRequest{}},
		"a grace":      {[]string{"--grace", "168h"}, &satcapv1.RotateApiKeyRequest{GraceSeconds: 604_800}},
		"a request id": {[]string{"--grace=90s", "--request-id", "r1"}, &satcapv1.RotateApiKeyRequest{GraceSeconds: 90, RequestId: "r1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{secret: "sc_ab12cdef"}
			args := append([]string{"keys", "rotate", keyID}, c.flags...)
			call(t, f, args...).requireOK(t, keepSecret).requireTable(t, append(slices.Clone(keyTable), "", "SECRET sc_ab12cdef")...)
			c.req.ApiKeyId = keyID
			requireProto(t, c.req, only[proto.Message](t, f))
			call(t, f, append(args, "-o", "json")...).requireOK(t, keepSecret).
				requireJSON(t, &satcapv1.RotateApiKeyResponse{ApiKey: testKey("till"), Secret: "sc_ab12cdef"})
		})
	}
}

func TestKeysRotateRefusesBadFlags(t *testing.T) {
	t.Parallel()
	for _, grace := range []string{"-1s", "168h1s", "1500ms"} {
		f := &fake{}
		call(t, f, "keys", "rotate", keyID, "--grace", grace).requireError(t, 2,
			"--grace must be whole seconds, from 0s to 168h0m0s (see satcap keys rotate --help)")
		require.Empty(t, f.requests)
	}
}
