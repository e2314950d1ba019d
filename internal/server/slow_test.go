// Clients that keep a connection and do not get to the point: in their headers,
// in a body, or before any request at all.

package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/server"
)

// prompt is how often a slow client sends a little more: being busy is no excuse.
const prompt = 50 * time.Millisecond

// drip opens a connection, sends first and then more again and again, and tells
// cut how the server ended it: nil, or that it did not within the time.
func (r *running) drip(t *testing.T, cut chan<- error, first, more []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		began, answer := time.Now(), make([]byte, 4096)
		_, err := conn.Write(first)
		for ; err == nil; _, err = conn.Write(more) {
			if time.Since(began) > soon {
				cut <- fmt.Errorf("not cut after %s", time.Since(began))
				return
			}
			_ = conn.SetReadDeadline(time.Now().Add(prompt))
			for err == nil { // an answer is no end
				_, err = conn.Read(answer)
			}
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
		}
		cut <- nil
	}()
}

// requireServed requires that others are answered meanwhile.
func (r *running) requireServed(t *testing.T) {
	t.Helper()
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	for range 20 {
		require.Equal(t, http.StatusOK, r.send(t, http.MethodPost, listPath, "{}", headers).StatusCode)
	}
}

// TestSlowHeaders: many clients that never finish their headers are all cut
// off, and meanwhile others are answered.
func TestSlowHeaders(t *testing.T) {
	const slow = 2000
	r := start(t, settings(t), func(s *server.Server) {
		require.Equal(t, 5*time.Second, s.HTTP().ReadHeaderTimeout)
		s.HTTP().ReadHeaderTimeout = 500 * time.Millisecond
	})
	cut := make(chan error, slow)
	for range slow {
		r.drip(t, cut, []byte("POST "+listPath+" HTTP/1.1\r\nHost: x\r\n"), []byte("X-Slow: 1\r\n"))
	}
	r.requireServed(t)
	for range slow {
		require.NoError(t, <-cut)
	}
}

// TestSlowBody: many clients whose headers are complete and whose body never is
// are all cut off, whether they may call or not, and meanwhile others are answered.
func TestSlowBody(t *testing.T) {
	const slow = 500
	r := start(t, settings(t), shortRead(t))
	cut := make(chan error, 2*slow)
	head := "POST " + listPath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n"
	for range slow {
		r.drip(t, cut, []byte(head+"Authorization: Bearer "+token+"\r\n\r\n{"), []byte(" "))
		r.drip(t, cut, []byte(head+"\r\n{"), []byte(" "))
	}
	r.requireServed(t)
	for range 2 * slow {
		require.NoError(t, <-cut)
	}
}

// shortRead makes the time for a whole request short.
func shortRead(t *testing.T) func(*server.Server) {
	return func(s *server.Server) {
		require.Equal(t, 30*time.Second, s.HTTP().ReadTimeout)
		s.HTTP().ReadTimeout = 500 * time.Millisecond
	}
}

// TestSlowStreams is TestSlowBody within one connection of HTTP/2: the calls
// end, one by one, and the connection goes on serving.
func TestSlowStreams(t *testing.T) {
	const slow = 200 // of the 250 at once
	r := start(t, settings(t), shortRead(t))
	client := httpClient(t, true)
	ended := make(chan error, slow)
	for range slow {
		body, w := io.Pipe()
		t.Cleanup(func() { _ = w.Close() })
		go func() { // ends when the client stops reading the body
			for _, err := w.Write([]byte("{")); err == nil; _, err = w.Write([]byte(" ")) {
				time.Sleep(prompt)
			}
		}()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.Addr()+listPath, body)
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		go func() {
			res, err := client.Do(req)
			if err != nil {
				ended <- err
				return
			}
			defer res.Body.Close()
			answer, err := io.ReadAll(res.Body)
			if err == nil && (res.StatusCode != http.StatusGatewayTimeout || !bytes.Contains(answer, []byte(`"DEADLINE_EXCEEDED"`))) {
				err = fmt.Errorf("answered %d: %s", res.StatusCode, answer)
			}
			ended <- err
		}()
	}
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	for range 20 {
		require.Equal(t, http.StatusOK, r.sendBy(t, client, http.MethodPost, listPath, "{}", headers).StatusCode)
	}
	for range slow {
		require.NoError(t, <-ended)
	}
	require.Equal(t, http.StatusOK, r.sendBy(t, client, http.MethodPost, listPath, "{}", headers).StatusCode)
}

// TestSilentHTTP2: connections of HTTP/2 on which no request comes, or none any
// more, are ended, whatever else comes on them.
func TestSilentHTTP2(t *testing.T) {
	const each = 100
	const settingsFrame, headersFrame, pingFrame = 4, 1, 6
	preface := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	ready := slices.Concat(preface, frame(settingsFrame, 0, 0))
	// GET /healthz, in the static table's words.
	healthz := slices.Concat([]byte{0x82, 0x86, 0x04, 8}, []byte("/healthz"), []byte{0x01, 1, 'x'})
	const endStream, endHeaders = 1, 4
	ping := frame(pingFrame, 0, 0, make([]byte, 8)...)
	for name, c := range map[string]struct{ first, more []byte }{
		"PartOfPreface":    {preface[:10], nil},
		"Preface":          {preface, nil},
		"Settings":         {ready, nil},
		"Pings":            {ready, ping},
		"ManySettings":     {ready, frame(settingsFrame, 0, 0)},
		"PartOfFrame":      {append(slices.Clone(ready), 0, 0, 8), nil},
		"PartOfHeaders":    {slices.Concat(ready, frame(headersFrame, endStream, 1, healthz[:4]...)), nil},
		"AfterARequest":    {slices.Concat(ready, frame(headersFrame, endStream|endHeaders, 1, healthz...)), ping},
		"HeadersAfterThat": {slices.Concat(ready, frame(headersFrame, endStream|endHeaders, 1, healthz...), frame(headersFrame, endStream, 3, healthz[:4]...)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, settings(t), func(s *server.Server) {
				require.Equal(t, 2*time.Minute, s.HTTP().IdleTimeout)
				s.HTTP().IdleTimeout = 500 * time.Millisecond
				s.HTTP().ReadHeaderTimeout = 500 * time.Millisecond
			})
			cut := make(chan error, each)
			for range each {
				r.drip(t, cut, c.first, c.more)
			}
			r.requireServed(t)
			for range each {
				require.NoError(t, <-cut)
			}
		})
	}
}
