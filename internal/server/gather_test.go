// What gatherConn promises: everything arrives, in order, in few writes, and a peer
// that takes nothing holds up nobody for long.

package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// countedConn counts the writes that reach the connection.
type countedConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// gathering is a connection whose client began by first, and that client.
func gathering(t *testing.T, first string) (g net.Conn, counted *countedConn, client net.Conn) {
	client, own := net.Pipe()
	counted = &countedConn{Conn: own}
	g, err := gatherListener{&oneListener{conn: counted}}.Accept()
	require.NoError(t, err)
	go func() { _, _ = client.Write([]byte(first)) }()
	_, err = io.ReadFull(g, make([]byte, len(first)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return g, counted, client
}

type oneListener struct {
	net.Listener
	conn net.Conn
}

func (l *oneListener) Accept() (net.Conn, error) { return l.conn, nil }

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func TestFramesLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, counted, client := gathering(t, preface)
		var want []byte
		for i := range 200 {
			frame := bytes.Repeat([]byte{byte(i)}, i)
			n, err := g.Write(frame)
			require.NoError(t, err)
			require.Equal(t, i, n)
			clear(frame) // who wrote may use it again
			want = append(want, bytes.Repeat([]byte{byte(i)}, i)...)
		}
		got := make([]byte, len(want))
		_, err := io.ReadFull(client, got)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Less(t, counted.writes.Load(), int64(20))

		synctest.Wait()
		_, err = g.Write([]byte("once more, after everything was sent"))
		require.NoError(t, err)
		_, err = io.ReadFull(client, make([]byte, 36))
		require.NoError(t, err)
		require.NoError(t, g.Close())
	})
}

// TestAnswersOfHTTP1AreNotGathered: a write is done when it is taken.
func TestAnswersOfHTTP1AreNotGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _, client := gathering(t, "GET / HTTP/1.1\r\n\r\n")
		var done atomic.Bool
		go func() {
			_, _ = g.Write([]byte("answer"))
			done.Store(true)
		}()
		synctest.Wait()
		require.False(t, done.Load())
		_, err := io.ReadFull(client, make([]byte, 6))
		require.NoError(t, err)
		synctest.Wait()
		require.True(t, done.Load())
	})
}

// TestPeerTakesNothing: writing waits once there is much to send, and ends with the
// connection, which is closed within its grace.
func TestPeerTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _, _ := gathering(t, preface)
		frame := make([]byte, mostGathered/4)
		var written atomic.Int64
		failed := make(chan error, 1)
		go func() {
			for range 100 {
				if _, err := g.Write(frame); err != nil {
					failed <- err
					return
				}
				written.Add(1)
			}
			failed <- nil
		}()
		synctest.Wait()
		require.LessOrEqual(t, written.Load(), int64(12), "one load is on its way, and one is pending")
		began := time.Now()
		require.NoError(t, g.Close())
		require.Equal(t, closeGrace, time.Since(began))
		require.Error(t, <-failed)
	})
}

// TestCloseSendsTheRest: what was written before is not lost.
func TestCloseSendsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _, client := gathering(t, preface)
		_, err := g.Write([]byte("goodbye"))
		require.NoError(t, err)
		go func() { _ = g.Close() }()
		got, err := io.ReadAll(client)
		require.NoError(t, err)
		require.Equal(t, "goodbye", string(got))
	})
}

// TestLostConnectionShows: at a write after the one that found it.
func TestLostConnectionShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _, client := gathering(t, preface)
		require.NoError(t, client.Close())
		_, err := g.Write([]byte("frame"))
		require.NoError(t, err)
		synctest.Wait()
		_, err = g.Write([]byte("frame"))
		require.True(t, errors.Is(err, io.ErrClosedPipe), err)
		require.NoError(t, g.Close())
	})
}

// TestCloseWrite: the client of a connection that ends early sees the end of the answer,
// though the connection is still there.
func TestCloseWrite(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	g, err := gatherListener{listener}.Accept()
	require.NoError(t, err)
	defer func() { _ = g.Close() }()
	_, err = g.Write([]byte("too large"))
	require.NoError(t, err)
	require.NoError(t, g.(interface{ CloseWrite() error }).CloseWrite())
	require.NoError(t, client.SetReadDeadline(time.Now().Add(10*time.Second))) // an end that does not come is a failure
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	require.Equal(t, "too large", string(got))
	_, err = client.Write([]byte("the rest of the request"))
	require.NoError(t, err)
}
