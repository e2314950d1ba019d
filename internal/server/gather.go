// Answers that leave together.

package server

import (
	"bytes"
	"net"
	"runtime"
	"sync"
	"time"
)

const (
	// mostGathered is from how many bytes on a connection's next frames wait until the
	// others have left, as they would for the connection itself.
	mostGathered = 64 << 10
	// closeGrace bounds how long a connection that is closed may take to send the rest.
	closeGrace = time.Second
)

// gatherListener accepts connections that gather what is written to them.
type gatherListener struct{ net.Listener }

func (l gatherListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := &gatherConn{Conn: conn}
	g.changed.L = &g.mu
	return g, nil
}

// gatherConn gathers the frames of HTTP/2. A batch answers all of its callers at once, and
// net/http writes each of their frames to the connection by itself: a system call for
// every few bytes, a sixth of the server's time. Here a write is done when its bytes are
// taken over, and they leave when whoever else is ready has written too. An error shows
// at a later write. Connections of HTTP/1.1, with one answer at a time, are left alone.
type gatherConn struct {
	net.Conn
	begun bool // Read has seen the first bytes; only net/http's one reader asks

	mu             sync.Mutex
	changed        sync.Cond // of what follows
	http2          bool
	sending        bool   // there is a goroutine that sends
	pending, spare []byte // what is to be sent, and the room for more
	err            error  // the first that sending met
}

// http2Preface is how a connection of HTTP/2 begins, and no other (RFC 9113, section 3.4).
var http2Preface = []byte("PRI ")

func (g *gatherConn) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if !g.begun && n > 0 {
		g.begun = true
		g.mu.Lock()
		g.http2 = bytes.HasPrefix(p[:n], http2Preface)
		g.mu.Unlock()
	}
	return n, err
}

func (g *gatherConn) Write(p []byte) (int, error) {
	g.mu.Lock()
	if !g.http2 {
		g.mu.Unlock()
		return g.Conn.Write(p)
	}
	defer g.mu.Unlock()
	for len(g.pending) >= mostGathered && g.err == nil {
		g.changed.Wait()
	}
	if g.err != nil {
		return 0, g.err
	}
	g.pending = append(g.pending, p...)
	if !g.sending {
		g.sending = true
		go g.send()
	}
	return len(p), nil
}

// send sends until there is nothing left.
func (g *gatherConn) send() {
	for {
		runtime.Gosched() // to those who are about to write
		g.mu.Lock()
		if len(g.pending) == 0 || g.err != nil {
			g.sending = false
			g.changed.Broadcast()
			g.mu.Unlock()
			return
		}
		now := g.pending
		g.pending = g.spare[:0]
		g.mu.Unlock()
		_, err := g.Conn.Write(now)
		g.mu.Lock()
		g.spare, g.err = now, err
		g.changed.Broadcast()
		g.mu.Unlock()
	}
}

// CloseWrite is what net/http asks of a connection of HTTP/1.1 that it ends before it has
// read all of a request: the answer is to be read before the connection is gone.
func (g *gatherConn) CloseWrite() error {
	if c, ok := g.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// Close sends the rest first.
func (g *gatherConn) Close() error {
	_ = g.SetWriteDeadline(time.Now().Add(closeGrace))
	g.mu.Lock()
	for g.sending {
		g.changed.Wait()
	}
	g.mu.Unlock()
	return g.Conn.Close()
}
