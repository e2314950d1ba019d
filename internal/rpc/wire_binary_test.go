// Malformed binary messages and headers: whatever a client sends, the fault is
// named as the client's, with its reason, and never INTERNAL.

package rpc_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// grpcFailure posts a raw gRPC body and reads the status of the answer.
func grpcFailure(t *testing.T, url string, body []byte, headers ...string) *failure {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	for i, h := 0, append([]string{"Content-Type", "application/grpc", "Te", "trailers", "Authorization", "Bearer " + serviceToken}, headers...); i < len(h); i += 2 {
		req.Header.Set(h[i], h[i+1])
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	encoded := res.Header.Get("Grpc-Status-Details-Bin") + res.Trailer.Get("Grpc-Status-Details-Bin")
	data, err := connect.DecodeBinaryHeader(encoded)
	require.NoError(t, err)
	var status spb.Status
	require.NoError(t, proto.Unmarshal(data, &status))
	f := &failure{code: connect.Code(status.GetCode()), message: status.GetMessage()}
	for _, d := range status.GetDetails() {
		f.details = append(f.details, unpack(t, d))
	}
	return f
}

// frame puts the gRPC prefix in front of a message.
func frame(flags byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(message))), message...)
}

func TestMalformedBinary(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	url := w.s.url + v1.SpendServiceReserveSpendProcedure
	good, err := proto.Marshal(&satcapv1.ReserveSpendRequest{ApiKeyId: w.key, SpendId: "SPEND", AmountSats: 1})
	require.NoError(t, err)
	notUTF8 := bytes.Replace(good, []byte("SPEND"), []byte("\xff\xfe\xfd\xfc\xfb"), 1)

	for name, message := range map[string][]byte{
		"not a message": []byte("\xff\xff\xff"), "cut off": good[:len(good)-3], "not UTF-8": notUTF8, "NUL": bytes.Replace(good, []byte("SPEND"), []byte("a\x00bcd"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, t.Context(), http.MethodPost, url, message, "Content-Type", "application/proto", "Authorization", "Bearer "+serviceToken)
			requireReason(t, a.failure(t), "INVALID_ARGUMENT")
			f := grpcFailure(t, url, frame(0, message))
			requireReason(t, f, "INVALID_ARGUMENT")
			require.Equal(t, a.failure(t).message, f.message)
			if name == "NUL" {
				require.Contains(t, f.message, "spend_id:")
			}
		})
	}
	for name, body := range map[string][]byte{
		"prefix cut off": {0, 0, 0}, "body cut off": frame(0, good)[:20], "compressed without encoding": frame(1, good),
		"unknown flags": frame(2, good), "all flags": frame(255, good), "gzip": []byte("\x1f\x8b\x08\x00"),
	} {
		t.Run(name, func(t *testing.T) { requireReason(t, grpcFailure(t, url, body), "INVALID_ARGUMENT") })
	}
	// gRPC's own rule for these is unimplemented.
	requireReason(t, grpcFailure(t, url, nil), "UNIMPLEMENTED")
	requireReason(t, grpcFailure(t, url, append(frame(0, good), frame(0, good)...)), "UNIMPLEMENTED")
	requireReason(t, grpcFailure(t, url, good), "REQUEST_TOO_LARGE") // letters read as a length
	requireReason(t, grpcFailure(t, url, frame(0, make([]byte, 64<<10+1))), "REQUEST_TOO_LARGE")
	requireReason(t, grpcFailure(t, url, []byte{0, 0xff, 0xff, 0xff, 0xff, 1, 2}), "REQUEST_TOO_LARGE") // 4 GiB declared
	require.Equal(t, int64(1), w.usage(w.key).ok().GetRevision(), "nothing of this was done")
	for _, r := range w.s.logs.records(t, "call") {
		require.Equal(t, "INFO", r["level"], "a client's fault is no error of the server: %v", r)
	}
}

// TestHeaders: faults that are found before the request is read.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	url := w.s.url + v1.UsageServiceGetUsageProcedure
	body := `{"apiKeyId":"` + w.key + `"}`
	for _, c := range []struct{ header, value, reason string }{
		{"Connect-Timeout-Ms", "soon", "INVALID_ARGUMENT"},
		{"Connect-Timeout-Ms", "-1", "INVALID_ARGUMENT"},
		{"Connect-Timeout-Ms", strings.Repeat("1", 11), "INVALID_ARGUMENT"},
		{"Connect-Protocol-Version", "2", "INVALID_ARGUMENT"},
		{"Content-Encoding", "br", "UNIMPLEMENTED"},
	} {
		a := w.post(t, v1.UsageServiceGetUsageProcedure, body, c.header, c.value)
		requireReason(t, a.failure(t), c.reason)
	}
	requireReason(t, grpcFailure(t, url, frame(0, nil), "Grpc-Timeout", "soon"), "INVALID_ARGUMENT")
	requireReason(t, grpcFailure(t, url, frame(0, nil), "Grpc-Encoding", "br"), "UNIMPLEMENTED")
	requireReason(t, post(t, url, []byte(body), "Connect-Timeout-Ms", "soon").failure(t), "UNAUTHENTICATED") // comes first
	// An expired deadline is no fault of the headers.
	requireReason(t, w.post(t, v1.UsageServiceGetUsageProcedure, body, "Connect-Timeout-Ms", "0").failure(t), "DEADLINE_EXCEEDED")
}
