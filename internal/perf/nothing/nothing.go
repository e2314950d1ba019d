// Package nothing is a server that speaks satcap's API and does nothing: no
// authentication, no validation, no database. It answers with messages as large
// as the true ones. What it takes is what the transport takes, which is what the
// end-to-end figures are held against.
package nothing

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// Announcement begins the line that says where the server listens.
const Announcement = "nothing listens on "

// maxStreams is what the true server allows on a connection.
const maxStreams = 250

// Serve serves on a free port of this machine, says on out where, and goes on
// until in ends.
func Serve(in io.Reader, out io.Writer) error {
	server := connect.NewServer()
	satcapv1connect.RegisterApiKeyServiceHandler(server, &keys{})
	satcapv1connect.RegisterSpendServiceHandler(server, spends{})
	satcapv1connect.RegisterAuthServiceHandler(server, auth{})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	h := &http.Server{
		Handler: mux, Protocols: &protocols, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: time.Minute,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%shttp://%s\n", Announcement, listener.Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = h.Close()
	}()
	_ = h.Serve(listener) // always an error, as it is closed
	return nil
}

// keys remembers nothing of a key but its name.
type keys struct {
	satcapv1connect.UnimplementedApiKeyServiceHandler
	mu   sync.Mutex
	made []*satcapv1.ApiKey
}

func (k *keys) CreateApiKey(_ context.Context, req *satcapv1.CreateApiKeyRequest) (*satcapv1.CreateApiKeyResponse, error) {
	key := &satcapv1.ApiKey{ApiKeyId: uuid.NewString(), Name: req.GetName()}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = append(k.made, key)
	return &satcapv1.CreateApiKeyResponse{ApiKey: key, Secret: newSecret()}, nil
}

func (k *keys) ListApiKeys(context.Context, *satcapv1.ListApiKeysRequest) (*satcapv1.ListApiKeysResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &satcapv1.ListApiKeysResponse{ApiKeys: slices.Clone(k.made)}, nil
}

func (*keys) RotateApiKey(_ context.Context, req *satcapv1.RotateApiKeyRequest) (*satcapv1.RotateApiKeyResponse, error) {
	return &satcapv1.RotateApiKeyResponse{ApiKey: &satcapv1.ApiKey{ApiKeyId: req.GetApiKeyId()}, Secret: newSecret()}, nil
}

// newSecret is as long as a true one.
func newSecret() string { return "sk_" + uuid.NewString() }

// spends holds whatever it is asked to.
type spends struct {
	satcapv1connect.UnimplementedSpendServiceHandler
}

func (spends) ReserveSpend(_ context.Context, req *satcapv1.ReserveSpendRequest) (*satcapv1.ReserveSpendResponse, error) {
	now := time.Now()
	res := &satcapv1.ReserveSpendResponse{
		Spend: &satcapv1.Spend{
			ApiKeyId: req.GetApiKeyId(), SpendId: req.GetSpendId(), State: satcapv1.Spend_STATE_RESERVED,
			AmountSats: req.GetAmountSats(), HeldSats: req.GetAmountSats(),
			ReserveTime: timestamppb.New(now), ExpireTime: timestamppb.New(now.Add(24 * time.Hour)),
		},
		Revision: 1_000_000,
	}
	const limitSats = 2_100_000_000_000_000
	for w := satcapv1.LimitWindow_LIMIT_WINDOW_DAILY; w <= satcapv1.LimitWindow_LIMIT_WINDOW_ANNUAL; w++ {
		limit, remaining := int64(limitSats), int64(limitSats-2_000_000)
		res.Usage = append(res.Usage, &satcapv1.WindowUsage{
			Window: w, LimitSats: &limit, SpentSats: 1_000_000, HeldSats: 1_000_000, RemainingSats: &remaining,
		})
	}
	return res, nil
}

// auth takes every secret.
type auth struct {
	satcapv1connect.UnimplementedAuthServiceHandler
}

func (auth) VerifyApiKey(context.Context, *satcapv1.VerifyApiKeyRequest) (*satcapv1.VerifyApiKeyResponse, error) {
	return &satcapv1.VerifyApiKeyResponse{
		ApiKeyId: "0193e1a4-7f5c-7b3e-9d6f-2a1b3c4d5e6f", Subject: "local-owner", State: satcapv1.ApiKey_STATE_ACTIVE,
		Scopes: []satcapv1.ApiKey_Scope{satcapv1.ApiKey_SCOPE_READ, satcapv1.ApiKey_SCOPE_WRITE},
	}, nil
}
