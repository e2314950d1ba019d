// gRPC-Web and JSON over HTTP/1.1.

package loadgen

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// newTransport is one connection: a call that finds it busy waits.
func newTransport() *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, Protocols: &http1, DisableCompression: true,
		MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1,
	}
}

// grpcWebTarget calls through Connect's client.
type grpcWebTarget struct {
	transports []*http.Transport
	clients    []*connect.Client
	token      string
}

func newGRPCWebTarget(cfg *Config) *grpcWebTarget {
	t := &grpcWebTarget{token: cfg.Token}
	for range cfg.connections() {
		transport := newTransport()
		t.transports = append(t.transports, transport)
		// Without compressors, like the clients in browsers: Connect's would ask for
		// gzip, which costs both sides more than the small answers are worth.
		web := connecthttp.NewTransport(&http.Client{Transport: transport}, cfg.URL, connecthttp.WithGRPCWeb(), connecthttp.WithCompressors())
		t.clients = append(t.clients, connect.NewClient(web))
	}
	return t
}

func (t *grpcWebTarget) attach(ctx context.Context) context.Context { return ctx }

func (t *grpcWebTarget) close() { closeAll(t.transports) }

func closeAll(transports []*http.Transport) {
	for _, transport := range transports {
		transport.CloseIdleConnections()
	}
}

func (t *grpcWebTarget) invoke(ctx context.Context, caller int, procedure string, req, res proto.Message) outcome {
	if t.token != "" {
		var info *connect.CallInfo
		ctx, info = connect.NewClientContext(ctx)
		info.RequestHeader().Set("Authorization", "Bearer "+t.token)
	}
	spec := connect.Spec{StreamType: connect.StreamTypeUnary, Procedure: procedure}
	if res == nil {
		res = &emptypb.Empty{} // takes any answer, whose fields it does not know
	}
	err := t.clients[caller%len(t.clients)].CallUnary(ctx, spec, req, res)
	if err == nil {
		return outcome{}
	}
	reason := ""
	if remote := new(connect.Error); errors.As(err, &remote) {
		for _, detail := range remote.Details() {
			if message, decodeErr := connectproto.UnmarshalErrorDetail(detail); decodeErr == nil && reason == "" {
				reason = reasonOf(message)
			}
		}
	}
	return failure(reason, connect.CodeOf(err).String())
}

// jsonTarget writes the requests itself: it is a POST with a JSON body.
type jsonTarget struct {
	transports []*http.Transport
	url        string
	header     http.Header
}

func newJSONTarget(cfg *Config) *jsonTarget {
	t := &jsonTarget{url: strings.TrimRight(cfg.URL, "/"), header: http.Header{
		"Content-Type": {"application/json"}, "Connect-Protocol-Version": {"1"},
	}}
	if cfg.Token != "" {
		t.header.Set("Authorization", "Bearer "+cfg.Token)
	}
	for range cfg.connections() {
		t.transports = append(t.transports, newTransport())
	}
	return t
}

func (t *jsonTarget) attach(ctx context.Context) context.Context { return ctx }

func (t *jsonTarget) close() { closeAll(t.transports) }

func (t *jsonTarget) invoke(ctx context.Context, caller int, procedure string, req, res proto.Message) outcome {
	body, err := protojson.Marshal(req)
	if err != nil {
		return failure("", connect.CodeInternal.String())
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+procedure, bytes.NewReader(body))
	if err != nil {
		return failure("", connect.CodeInternal.String())
	}
	r.Header = t.header // which nobody changes
	answer, err := t.transports[caller%len(t.transports)].RoundTrip(r)
	if err != nil {
		return failure("", codeOf(err).String())
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return jsonFailure(answer)
	}
	return jsonAnswer(answer.Body, res)
}

// jsonAnswer reads the whole of an answer, and decodes it into res unless that is nil.
func jsonAnswer(body io.Reader, res proto.Message) outcome {
	if res == nil {
		if _, err := io.Copy(io.Discard, body); err != nil {
			return failure("", codeOf(err).String())
		}
		return outcome{}
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return failure("", codeOf(err).String())
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, res); err != nil {
		return failure("", connect.CodeInternal.String())
	}
	return outcome{}
}

// codeOf is the code for an error of the connection.
func codeOf(err error) connect.Code {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return connect.CodeDeadlineExceeded
	case errors.Is(err, context.Canceled):
		return connect.CodeCanceled
	default:
		return connect.CodeUnavailable
	}
}

// maxErrorBytes is more than any error of the server takes.
const maxErrorBytes = 1 << 16

// jsonFailure reads the error of the Connect protocol.
func jsonFailure(res *http.Response) outcome {
	var answer struct {
		Code    string
		Details []struct{ Type, Value string }
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBytes))
	if err != nil {
		return failure("", codeOf(err).String())
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Code == "" {
		return failure("", "http "+res.Status) // something else than satcap answered
	}
	for _, detail := range answer.Details {
		var info errdetails.ErrorInfo
		if detail.Type != string(info.ProtoReflect().Descriptor().FullName()) {
			continue
		}
		value, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(detail.Value, "="))
		if err == nil && proto.Unmarshal(value, &info) == nil {
			if reason := reasonOf(&info); reason != "" {
				return failure(reason, answer.Code)
			}
		}
	}
	return failure("", answer.Code)
}
