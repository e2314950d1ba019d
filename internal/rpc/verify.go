// AuthService: what gateways ask.

package rpc

import (
	"context"
	"errors"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
)

// errSecretRefused: the secret that a gateway asked about lets nobody in.
var errSecretRefused = errors.New("rpc: secret refused")

type authService struct{ keys *auth.Keys }

func (s *authService) VerifyApiKey(ctx context.Context, req *satcapv1.VerifyApiKeyRequest) (*satcapv1.VerifyApiKeyResponse, error) {
	holder, err := s.keys.Verify(ctx, req.GetSecret(), nil)
	switch {
	case errors.Is(err, auth.ErrUnauthenticated):
		return nil, errSecretRefused
	case err != nil:
		return nil, err
	}
	return &satcapv1.VerifyApiKeyResponse{
		ApiKeyId: keyText(holder.KeyID), Subject: holder.Subject,
		Scopes: scopesToProto(holder.Scopes), State: satcapv1.ApiKey_STATE_ACTIVE,
	}, nil
}
