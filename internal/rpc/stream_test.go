// Streams as clients see them: by gRPC, gRPC-Web and the Connect protocol.

package rpc_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// patience bounds every wait for something that happens by itself.
const patience = 15 * time.Second

// firstOf is the first message of a stream as if it were the answer to a call,
// or the error that it ends with.
func firstOf(t *testing.T, res *http.Response) httpAnswer {
	t.Helper()
	head := make([]byte, 5)
	_, err := io.ReadFull(res.Body, head)
	require.NoError(t, err)
	a := httpAnswer{status: http.StatusOK, header: res.Header, body: make([]byte, binary.BigEndian.Uint32(head[1:]))}
	_, err = io.ReadFull(res.Body, a.body)
	require.NoError(t, err)
	const last = 2
	if head[0]&last == 0 {
		return a
	}
	var end struct{ Error json.RawMessage }
	require.NoError(t, json.Unmarshal(a.body, &end))
	require.NotEmpty(t, end.Error)
	a.body, a.status = end.Error, 0
	f := a.failure(t)
	a.status = promised[reasonIn(t, f)].status
	return a
}

// opener opens a stream and returns what waits for its next message.
type opener func(t *testing.T, ctx context.Context, headers map[string]string, key string) (next func() (*satcapv1.WatchUsageResponse, *failure))

// openers open streams by each protocol.
var openers = map[string]func(t *testing.T, url string) opener{
	"grpc":         grpcOpener,
	"grpc-web":     func(t *testing.T, url string) opener { return connectOpener(t, url, connecthttp.WithGRPCWeb()) },
	"connect-json": func(t *testing.T, url string) opener { return connectOpener(t, url, connecthttp.WithProtoJSON()) },
}

func grpcOpener(t *testing.T, url string) opener {
	conn, err := grpc.NewClient(url[len("http://"):], grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return func(t *testing.T, ctx context.Context, headers map[string]string, key string) func() (*satcapv1.WatchUsageResponse, *failure) {
		ctx = metadata.NewOutgoingContext(ctx, metadata.New(headers))
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, v1.UsageServiceWatchUsageProcedure)
		require.NoError(t, err)
		require.NoError(t, stream.SendMsg(&satcapv1.WatchUsageRequest{ApiKeyId: key}))
		require.NoError(t, stream.CloseSend())
		return func() (*satcapv1.WatchUsageResponse, *failure) {
			var res satcapv1.WatchUsageResponse
			if err := stream.RecvMsg(&res); err != nil {
				st := status.Convert(err)
				f := &failure{code: connect.Code(st.Code()), message: st.Message()}
				for _, d := range st.Proto().GetDetails() {
					f.details = append(f.details, unpack(t, d))
				}
				return nil, f
			}
			return &res, nil
		}
	}
}

func connectOpener(t *testing.T, url string, protocol connecthttp.Option) opener {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := v1.NewUsageServiceClient(connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, url, protocol)))
	return func(t *testing.T, ctx context.Context, headers map[string]string, key string) func() (*satcapv1.WatchUsageResponse, *failure) {
		ctx, info := connect.NewClientContext(ctx)
		for name, value := range headers {
			info.RequestHeader().Set(name, value)
		}
		stream, err := c.WatchUsage(ctx, &satcapv1.WatchUsageRequest{ApiKeyId: key})
		return func() (*satcapv1.WatchUsageResponse, *failure) {
			var res *satcapv1.WatchUsageResponse
			if err == nil {
				res, err = stream.Receive()
			}
			if err == nil {
				return res, nil
			}
			var raised *connect.Error
			if !errors.As(err, &raised) {
				return nil, &failure{message: err.Error()}
			}
			f := &failure{code: raised.Code(), message: raised.Message()}
			for _, d := range raised.Details() {
				m, err := connectproto.UnmarshalErrorDetail(d)
				require.NoError(t, err)
				f.details = append(f.details, m)
			}
			return nil, f
		}
	}
}

// watching is a stream that is read all the time.
type watching struct {
	t        *testing.T
	messages chan *satcapv1.WatchUsageResponse
	failed   chan *failure
	stop     context.CancelFunc
}

// watch opens a stream and reads it until it ends or the test does.
func watch(t *testing.T, open opener, key string, headers map[string]string) *watching {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watching{t: t, messages: make(chan *satcapv1.WatchUsageResponse, 10_000), failed: make(chan *failure, 1), stop: stop}
	next := open(t, ctx, headers, key)
	go func() {
		for {
			res, f := next()
			if f != nil {
				w.failed <- f
				return
			}
			w.messages <- res
		}
	}()
	t.Cleanup(stop)
	return w
}

// until waits for a message that is as it should be.
func (w *watching) until(what string, good func(*satcapv1.WatchUsageResponse) bool) *satcapv1.WatchUsageResponse {
	w.t.Helper()
	tooLate := time.After(patience)
	for {
		select {
		case res := <-w.messages:
			if good(res) {
				return res
			}
		case f := <-w.failed:
			w.t.Fatalf("%s: the stream ended: %v %s", what, f.code, f.message)
		case <-tooLate:
			w.t.Fatalf("%s: no such message", what)
		}
	}
}

// revision waits for the message of a revision.
func (w *watching) revision(n int64) *satcapv1.WatchUsageResponse {
	w.t.Helper()
	return w.until("revision", func(res *satcapv1.WatchUsageResponse) bool { return res.GetRevision() == n })
}

// ends waits until the stream ends with reason.
func (w *watching) ends(reason string) (f *failure) {
	w.t.Helper()
	select {
	case f = <-w.failed:
	case <-time.After(patience):
		w.t.Fatal("the stream does not end")
	}
	requireReason(w.t, f, reason)
	return f
}
