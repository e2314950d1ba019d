// What tools find out by themselves: reflection, by the client that most of the
// world uses and by grpcurl.

package server_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
)

var services = []string{"satcap.v1.ApiKeyService", "satcap.v1.AuthService", "satcap.v1.LimitService", "satcap.v1.SpendService", "satcap.v1.UsageService", "services.api_keys.v1.ApiKeysService"}

func TestReflection(t *testing.T) {
	r := start(t, settings(t))
	stream, err := grpc_reflection_v1.NewServerReflectionClient(r.dial(t)).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	ask := func(req *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
		require.NoError(t, stream.Send(req))
		res, err := stream.Recv()
		require.NoError(t, err)
		return res
	}
	list := ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{ListServices: "*"},
	})
	var names []string
	for _, s := range list.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	slices.Sort(names)
	require.Equal(t, services, names)
	for _, name := range append(slices.Clone(services), "grpc.health.v1.Health") {
		file := ask(&grpc_reflection_v1.ServerReflectionRequest{
			MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name},
		})
		require.NotEmpty(t, file.GetFileDescriptorResponse().GetFileDescriptorProto(), name)
	}
	require.NoError(t, stream.CloseSend())
}

// grpcurl runs grpcurl against the server without TLS: flags, address, words.
func (r *running) grpcurl(t *testing.T, flags []string, words ...string) (out string, err error) {
	t.Helper()
	program, err := exec.LookPath("grpcurl")
	if err != nil {
		if program, err = filepath.Abs("../../.tools/bin/grpcurl"); err == nil {
			_, err = os.Stat(program)
		}
	}
	if err != nil {
		t.Fatal("no grpcurl found: scripts/test.sh (make test) builds it, or put one on PATH")
	}
	args := slices.Concat([]string{"-plaintext", "-max-time", "10"}, flags, []string{r.Addr()}, words)
	text, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	return string(text), err
}

func TestGrpcurl(t *testing.T) {
	r := start(t, settings(t))
	t.Run("List", func(t *testing.T) {
		out, err := r.grpcurl(t, nil, "list")
		require.NoError(t, err, out)
		require.Equal(t, services, strings.Fields(out))
	})
	t.Run("Describe", func(t *testing.T) {
		out, err := r.grpcurl(t, nil, "describe", "satcap.v1.SpendService")
		require.NoError(t, err, out)
		require.Contains(t, out, "rpc ReserveSpend ( .satcap.v1.ReserveSpendRequest ) returns ( .satcap.v1.ReserveSpendResponse );")
		out, err = r.grpcurl(t, nil, "describe", "satcap.v1.ReserveSpendRequest")
		require.NoError(t, err, out)
		require.Contains(t, out, "int64 amount_sats")
	})
	t.Run("Health", func(t *testing.T) {
		out, err := r.grpcurl(t, nil, "grpc.health.v1.Health/Check")
		require.NoError(t, err, out)
		require.JSONEq(t, `{"status":"SERVING"}`, out)
	})
	t.Run("CallWithToken", func(t *testing.T) {
		out, err := r.grpcurl(t, []string{"-H", "authorization: Bearer " + token, "-d", `{"name":"by grpcurl","scopes":["SCOPE_READ"]}`}, "satcap.v1.ApiKeyService/CreateApiKey")
		require.NoError(t, err, out)
		var res struct {
			APIKey struct{ Name string } `json:"apiKey"`
			Secret string
		}
		require.NoError(t, json.Unmarshal([]byte(out), &res), out)
		require.Equal(t, "by grpcurl", res.APIKey.Name)
		require.True(t, strings.HasPrefix(res.Secret, "satcap_"))
	})
	t.Run("CallWithoutToken", func(t *testing.T) {
		out, err := r.grpcurl(t, []string{"-d", `{}`}, "satcap.v1.ApiKeyService/ListApiKeys")
		require.Error(t, err)
		require.Contains(t, out, "Code: Unauthenticated")
		require.Contains(t, out, "UNAUTHENTICATED")
	})
}
