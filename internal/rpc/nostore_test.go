// Answers that carry a secret may be kept by nobody on their way.

package rpc_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// TestSecretsAreNotCached: what CreateApiKey and RotateApiKey answer says
// no-store, in every protocol and to whomever it refuses as well.
func TestSecretsAreNotCached(t *testing.T) {
	t.Parallel()
	s := newServer(t, "sqlite", nil)
	e := &env{t: t, s: s, c: plainJSON(t, s.url), subject: "cautious", made: &calls{}}
	for contentType, encode := range map[string]func(proto.Message) ([]byte, error){
		"application/json":           protojson.Marshal,
		"application/proto":          proto.Marshal,
		"application/grpc":           enveloped(proto.Marshal),
		"application/grpc+proto":     enveloped(proto.Marshal),
		"application/grpc+json":      enveloped(protojson.Marshal),
		"application/grpc-web+proto": enveloped(proto.Marshal),
		"application/grpc-web+json":  enveloped(protojson.Marshal),
	} {
		t.Run(contentType, func(t *testing.T) {
			// Only gRPC needs HTTP/2, and all may use it.
			var protocols http.Protocols
			protocols.SetUnencryptedHTTP2(true)
			transport := &http.Transport{Protocols: &protocols}
			t.Cleanup(transport.CloseIdleConnections)
			ask := func(procedure, token string, message proto.Message) (header http.Header, body string) {
				content, err := encode(message)
				require.NoError(t, err)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+procedure, bytes.NewReader(content))
				require.NoError(t, err)
				req.Header.Set("Content-Type", contentType)
				req.Header.Set("Authorization", "Bearer "+token)
				res, err := transport.RoundTrip(req)
				require.NoError(t, err)
				defer res.Body.Close()
				answer, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				return res.Header, string(answer)
			}
			for procedure, request := range map[string]proto.Message{
				v1.ApiKeyServiceCreateApiKeyProcedure: &satcapv1.CreateApiKeyRequest{Name: "n", Scopes: []satcapv1.ApiKey_Scope{1}},
				v1.ApiKeyServiceRotateApiKeyProcedure: &satcapv1.RotateApiKeyRequest{ApiKeyId: e.newKey()},
			} {
				header, body := ask(procedure, e.asOwner(), request)
				require.Regexp(t, "satcap_[0-9A-Za-z]{49}", body, "no secret in it")
				require.Equal(t, []string{"no-store"}, header.Values("Cache-Control"), procedure)
				header, body = ask(procedure, "nobody", request)
				require.NotContains(t, body, "satcap_")
				require.Equal(t, []string{"no-store"}, header.Values("Cache-Control"), procedure)
			}
		})
	}
}

// enveloped is a message as gRPC sends it, uncompressed.
func enveloped(encode func(proto.Message) ([]byte, error)) func(proto.Message) ([]byte, error) {
	return func(m proto.Message) ([]byte, error) {
		content, err := encode(m)
		return frame(0, content), err
	}
}
