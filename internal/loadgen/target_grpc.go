// gRPC, by the client that most callers use: google.golang.org/grpc.

package loadgen

import (
	"context"
	"crypto/tls"
	"net/url"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that discardCodec wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// grpcTarget has one client for each connection: a client holds one connection.
type grpcTarget struct {
	conns []*grpc.ClientConn
	token string
}

func newGRPCTarget(cfg *Config) (*grpcTarget, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	address, secure := u.Host, insecure.NewCredentials()
	if u.Scheme == "https" {
		secure = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
		if u.Port() == "" {
			address += ":443"
		}
	} else if u.Port() == "" {
		address += ":80"
	}
	t := &grpcTarget{token: cfg.Token}
	for range cfg.connections() {
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(secure), grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(discardCodec{encoding.GetCodecV2("proto")})))
		if err != nil {
			t.close()
			return nil, err
		}
		t.conns = append(t.conns, conn)
	}
	return t, nil
}

func (t *grpcTarget) attach(ctx context.Context) context.Context {
	if t.token == "" {
		return ctx
	}
	return metadata.NewOutgoingContext(ctx, metadata.Pairs("authorization", "Bearer "+t.token))
}

func (t *grpcTarget) invoke(ctx context.Context, caller int, procedure string, req, res proto.Message) outcome {
	var into any = discard{}
	if res != nil {
		into = res
	}
	err := t.conns[caller%len(t.conns)].Invoke(ctx, procedure, req, into)
	if err == nil {
		return outcome{}
	}
	st := status.Convert(err)
	reason := ""
	for _, detail := range st.Details() {
		if message, ok := detail.(proto.Message); ok && reason == "" {
			reason = reasonOf(message)
		}
	}
	return failure(reason, connect.Code(st.Code()).String())
}

func (t *grpcTarget) close() {
	for _, conn := range t.conns {
		_ = conn.Close() // there is nothing left to be lost
	}
}

// discard stands for an answer that nobody reads.
type discard struct{}

// discardCodec does not decode what is to be discarded.
type discardCodec struct{ encoding.CodecV2 }

// Unmarshal is part of encoding.CodecV2.
func (c discardCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if _, ok := v.(discard); ok {
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}
