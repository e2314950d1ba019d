// The clients: every protocol that satcap speaks, behind one small interface.

package rpc_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// failure is an error as a client sees it.
type failure struct {
	code    connect.Code
	http    int // status; 0 where the protocol has none
	message string
	details []proto.Message
}

// client makes one call. It returns the X-Request-Id of the answer, and a
// failure if the server answered with an error.
type client func(t *testing.T, token, requestID, procedure string, req, res proto.Message) (echoed string, f *failure)

// clients make a client of each kind for a server.
var clients = map[string]func(t *testing.T, url string) client{
	"grpc-go":      grpcGo,
	"grpc":         func(t *testing.T, url string) client { return byConnect(t, url, true, connecthttp.WithGRPC()) },
	"grpc-web":     func(t *testing.T, url string) client { return byConnect(t, url, false, connecthttp.WithGRPCWeb()) },
	"connect-json": func(t *testing.T, url string) client { return byConnect(t, url, false, connecthttp.WithProtoJSON()) },
	"curl":         plainJSON,
}

// grpcGo is the client that most of the world uses.
func grpcGo(t *testing.T, url string) client {
	conn, err := grpc.NewClient(url[len("http://"):], grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return func(t *testing.T, token, requestID, procedure string, req, res proto.Message) (string, *failure) {
		t.Helper()
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token, "x-request-id", requestID)
		var header, trailer metadata.MD
		err := conn.Invoke(ctx, procedure, req, res, grpc.Header(&header), grpc.Trailer(&trailer))
		echoed := append(header.Get("x-request-id"), trailer.Get("x-request-id")...)
		require.Len(t, echoed, 1)
		if err == nil {
			return echoed[0], nil
		}
		st := status.Convert(err)
		f := &failure{code: connect.Code(st.Code()), message: st.Message()}
		for _, d := range st.Proto().GetDetails() {
			f.details = append(f.details, unpack(t, d))
		}
		return echoed[0], f
	}
}

func unpack(t *testing.T, d *anypb.Any) proto.Message {
	t.Helper()
	m, err := d.UnmarshalNew()
	require.NoError(t, err)
	return m
}

// byConnect is Connect's own client.
func byConnect(t *testing.T, url string, http2 bool, options ...connecthttp.Option) client {
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	c := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, url, options...))
	return func(t *testing.T, token, requestID, procedure string, req, res proto.Message) (string, *failure) {
		t.Helper()
		ctx, info := connect.NewClientContext(t.Context())
		info.RequestHeader().Set("Authorization", "Bearer "+token)
		info.RequestHeader().Set("X-Request-Id", requestID)
		err := c.CallUnary(ctx, connect.Spec{Procedure: procedure, StreamType: connect.StreamTypeUnary}, req, res)
		echoed := info.ResponseHeader().Get("X-Request-Id") + info.ResponseTrailer().Get("X-Request-Id")
		if err == nil {
			return echoed, nil
		}
		var raised *connect.Error
		require.ErrorAs(t, err, &raised)
		require.True(t, raised.IsRemote(), "not from the server: %v", err)
		f := &failure{code: raised.Code(), message: raised.Message()}
		for _, d := range raised.Details() {
			m, err := connectproto.UnmarshalErrorDetail(d)
			require.NoError(t, err)
			f.details = append(f.details, m)
		}
		return echoed, f
	}
}

// plainJSON posts JSON as curl does.
func plainJSON(_ *testing.T, url string) client {
	return func(t *testing.T, token, requestID, procedure string, req, res proto.Message) (string, *failure) {
		t.Helper()
		body, err := protojson.Marshal(req)
		require.NoError(t, err)
		a := post(t, url+procedure, body, "Authorization", "Bearer "+token, "X-Request-Id", requestID)
		echoed := a.header.Get("X-Request-Id")
		if a.status == http.StatusOK {
			require.NoError(t, protojson.Unmarshal(a.body, res))
			return echoed, nil
		}
		return echoed, a.failure(t)
	}
}

// httpAnswer is an answer as curl shows it.
type httpAnswer struct {
	status int
	header http.Header
	body   []byte
}

// post sends body with the given headers, names and values in turn.
func post(t *testing.T, url string, body []byte, headers ...string) httpAnswer {
	t.Helper()
	return send(t, t.Context(), http.MethodPost, url, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

func send(t *testing.T, ctx context.Context, method, url string, body []byte, headers ...string) httpAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Content-Type" {
			req.Header.Del("Content-Type") // the last one counts
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	stream := strings.HasSuffix(url, v1.UsageServiceWatchUsageProcedure) && req.Header.Get("Content-Type") == "application/json"
	if stream {
		req.Header.Set("Content-Type", "application/connect+json")
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(frame(0, body))), int64(len(body)+5)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	if stream && res.StatusCode == http.StatusOK {
		return firstOf(t, res)
	}
	a := httpAnswer{status: res.StatusCode, header: res.Header}
	a.body, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	return a
}

// failure reads the body of an error.
func (a httpAnswer) failure(t *testing.T) *failure {
	t.Helper()
	var wire struct {
		Code    connect.Code
		Message string
		Details []struct {
			Type, Value string
			Debug       json.RawMessage
		}
	}
	strict := json.NewDecoder(bytes.NewReader(a.body))
	strict.DisallowUnknownFields()
	require.NoError(t, strict.Decode(&wire), "%d %s", a.status, a.body)
	f := &failure{code: wire.Code, http: a.status, message: wire.Message}
	for _, d := range wire.Details {
		value, err := base64.RawStdEncoding.DecodeString(d.Value)
		require.NoError(t, err)
		f.details = append(f.details, unpack(t, &anypb.Any{TypeUrl: "type.googleapis.com/" + d.Type, Value: value}))
	}
	return f
}
