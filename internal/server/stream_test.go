// Streams over real connections: deadlines, clients that leave or take nothing,
// and shutdown.

package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/server"
)

// streamProtocols are the ways to a stream: HTTP/2 and HTTP/1.1.
var streamProtocols = map[string]struct {
	http2    bool
	protocol connecthttp.Option
}{
	"grpc":         {true, connecthttp.WithGRPC()},
	"grpc-web":     {false, connecthttp.WithGRPCWeb()},
	"connect-json": {false, connecthttp.WithProtoJSON()},
	"connect-h2":   {true, connecthttp.WithProtoJSON()},
}

// watchKey opens a stream of a key and returns what waits for its next message.
func (r *running) watchKey(ctx context.Context, t *testing.T, protocol, key string) (receive func() (*satcapv1.WatchUsageResponse, error)) {
	t.Helper()
	p := streamProtocols[protocol]
	client := httpClient(t, p.http2)
	client.Timeout = 0
	ctx, info := connect.NewClientContext(ctx)
	info.RequestHeader().Set("Authorization", "Bearer "+token)
	c := satcapv1connect.NewUsageServiceClient(connect.NewClient(connecthttp.NewTransport(client, "http://"+r.Addr(), p.protocol)))
	stream, err := c.WatchUsage(ctx, &satcapv1.WatchUsageRequest{ApiKeyId: key})
	require.NoError(t, err)
	return stream.Receive
}

// TestStreamOutlivesDeadlines: what bounds a whole call does not end a stream
// that has nothing to say for longer.
func TestStreamOutlivesDeadlines(t *testing.T) {
	const deadline = 300 * time.Millisecond
	r := start(t, settings(t), func(s *server.Server) {
		require.Equal(t, 30*time.Second, s.HTTP().ReadTimeout)
		s.HTTP().ReadTimeout, s.HTTP().WriteTimeout = deadline, deadline
	})
	c := r.clients(true, token)
	for protocol := range streamProtocols {
		t.Run(protocol, func(t *testing.T) {
			key := c.newKey(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			receive := r.watchKey(ctx, t, protocol, key)
			for revision := range int64(3) {
				res, err := receive()
				require.NoError(t, err)
				require.Equal(t, revision+1, res.GetRevision())
				time.Sleep(3 * deadline)
				require.NoError(t, c.reserve(key, string(rune('a'+revision))))
			}
		})
	}
}

// TestStreamIsLeft: a client that goes away leaves nothing behind.
func TestStreamIsLeft(t *testing.T) {
	r := start(t, settings(t))
	c := r.clients(false, token)
	key := c.newKey(t)
	for protocol := range streamProtocols {
		t.Run(protocol, func(t *testing.T) {
			for range 5 {
				ctx, stop := context.WithCancel(t.Context())
				receive := r.watchKey(ctx, t, protocol, key)
				_, err := receive()
				require.NoError(t, err)
				require.Positive(t, watches())
				stop()
				_, err = receive()
				require.Error(t, err)
			}
			require.Eventually(t, func() bool { return watches() == 0 }, time.Second, tick, "a stream that nobody reads goes on")
		})
	}
}

// watches counts the goroutines that serve a stream.
func watches() int {
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("internal/engine.(*Engine).Watch("))
}

// TestStreamsAtShutdown: open streams end at once, in a way that tells clients to
// come again, and a server with many of them stops as quickly as one with none.
func TestStreamsAtShutdown(t *testing.T) {
	for protocol := range streamProtocols {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, settings(t))
			key := r.clients(false, token).newKey(t)
			var ends []chan error
			for range 20 {
				receive := r.watchKey(t.Context(), t, protocol, key)
				_, err := receive()
				require.NoError(t, err)
				ended := make(chan error, 1)
				ends = append(ends, ended)
				go func() {
					_, err := receive()
					ended <- err
				}()
			}
			began := time.Now()
			r.stop()
			for _, ended := range ends {
				require.Equal(t, "WATCH_ENDED", reason(t, <-ended))
			}
			r.end()
			require.Less(t, time.Since(began), 4*time.Second)
			require.NotContains(t, r.log.String(), "cut off")
		})
	}
}

// TestUntakenStream: a client that takes nothing of its stream is given up, and
// neither it nor a shutdown holds anybody up.
func TestUntakenStream(t *testing.T) {
	r := start(t, settings(t))
	c := r.clients(true, token)
	key := c.newKey(t)
	conn, reset := untaken(t, r, key)
	for i := range 3 {
		require.NoError(t, c.reserve(key, string(rune('a'+i))))
	}
	receive := r.watchKey(t.Context(), t, "grpc", key)
	res, err := receive()
	require.NoError(t, err)
	require.EqualValues(t, 4, res.GetRevision())
	began := time.Now()
	require.NoError(t, <-reset)
	require.Less(t, time.Since(began), 8*time.Second)
	require.NoError(t, conn.Close())

	untaken(t, r, key)
	began = time.Now()
	r.end()
	require.Less(t, time.Since(began), 9*time.Second)
	require.NotContains(t, r.log.String(), "cut off")
}

// untaken asks for a stream by HTTP/2 with no room for an answer, and tells when
// the stream is reset.
func untaken(t *testing.T, r *running, key string) (conn net.Conn, reset chan error) {
	t.Helper()
	const dataFrame, headersFrame, resetFrame, settingsFrame = 0, 1, 3, 4
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	literal := func(name, value string) []byte { // without indexing, a new name (RFC 7541, section 6.2.2)
		out := append([]byte{0, byte(len(name))}, name...)
		return append(append(out, byte(len(value))), value...)
	}
	path := satcapv1connect.UsageServiceWatchUsageProcedure
	headers := []byte{0x83, 0x86} // POST, http
	headers = append(append(append(headers, 0x04, byte(len(path))), path...), 0x01, 1, 'x')
	headers = append(headers, literal("content-type", "application/connect+json")...)
	headers = append(headers, literal("authorization", "Bearer "+token)...)
	message := `{"apiKeyId":"` + key + `"}`
	body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	send := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0, 0, 4, 0, 0, 0, 0)...)
	send = append(append(send, frame(headersFrame, 0x4, 1, headers...)...), frame(dataFrame, 0x1, 1, body...)...)
	_, err = conn.Write(send)
	require.NoError(t, err)
	answered := make(chan struct{})
	reset = make(chan error, 1)
	go func() {
		for {
			head := make([]byte, 9)
			if _, err := io.ReadFull(conn, head); err != nil {
				reset <- err
				return
			}
			switch head[3] {
			case headersFrame:
				close(answered)
			case resetFrame:
				reset <- nil
				return
			}
			if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head)>>8)); err != nil {
				reset <- err
				return
			}
		}
	}()
	select {
	case <-answered: // the headers need no room, the first message waits for some
	case <-time.After(soon):
		t.Fatal("no answer begins")
	}
	return conn, reset
}

// TestStreamRequestIsBounded: the deadlines for a request hold for that of a
// stream as well, until it has been read.
func TestStreamRequestIsBounded(t *testing.T) {
	const deadline = 300 * time.Millisecond
	r := start(t, settings(t), func(s *server.Server) { s.HTTP().ReadTimeout = deadline })
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST "+satcapv1connect.UsageServiceWatchUsageProcedure+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+
		"\r\nContent-Type: application/connect+json\r\nContent-Length: 100\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	began := time.Now()
	_, err = io.Copy(io.Discard, conn)
	require.NoError(t, err, "the connection is ended")
	require.Less(t, time.Since(began), 9*time.Second)
}
