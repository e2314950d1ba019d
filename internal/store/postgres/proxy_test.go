// A proxy that cuts connections at a chosen moment.

package postgres_test

import (
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a proxy does with what it is sent.
const (
	pass       = iota
	cutRequest // the server never sees the next request
	cutReply   // the server runs the next request, and its answer is lost
)

// proxy stands between a store and its server.
type proxy struct {
	url    string
	target string
	mode   atomic.Int32
}

// startProxy runs a proxy before the server of address until the end of the test.
func startProxy(t *testing.T, address string) *proxy {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{target: u.Host}
	u.Host = listener.Addr().String()
	p.url = u.String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

// serve passes bytes in both directions until either side ends.
func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	go p.copy(server, client, cutRequest)
	p.copy(client, server, cutReply)
}

// copy passes what comes from one side, or cuts both if the mode says so.
func (p *proxy) copy(to, from net.Conn, cut int32) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && p.mode.Load() == cut {
			return
		}
		if _, werr := to.Write(buffer[:n]); werr != nil || err != nil {
			return
		}
	}
}
