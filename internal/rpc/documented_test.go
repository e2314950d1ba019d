// The .proto files themselves: everything in them is documented.

package rpc_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// declaration matches what has to be documented, in files formatted by buf.
var declaration = regexp.MustCompile(`^\s*(?:(?:message|enum|service|oneof|rpc) (\w+)|(?:optional |repeated )?[\w.]+ (\w+) = \d+(?: \[|;)|([A-Z0-9_]+) = \d+;)`)

// declared lists the declarations of a file, and those without a comment
// directly above.
func declared(source string) (all, bare []string) {
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		m := declaration.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := m[1] + m[2] + m[3]
		all = append(all, name)
		if i == 0 || !regexp.MustCompile(`^\s*// \S`).MatchString(lines[i-1]) {
			bare = append(bare, name)
		}
	}
	return all, bare
}

func TestEverythingIsDocumented(t *testing.T) {
	t.Parallel()
	sources := protoSources(t)
	for _, f := range satcapFiles(t) {
		all, bare := declared(sources[f.Path()])
		require.Empty(t, bare, f.Path())
		var names []string
		for i := range f.Services().Len() {
			names = append(names, string(f.Services().Get(i).Name()))
			for j := range f.Services().Get(i).Methods().Len() {
				names = append(names, string(f.Services().Get(i).Methods().Get(j).Name()))
			}
		}
		names = append(names, namesIn(f.Messages(), f.Enums())...)
		require.ElementsMatch(t, names, all, "%s: not all was looked at", f.Path())
	}
}

func namesIn(messages protoreflect.MessageDescriptors, enums protoreflect.EnumDescriptors) (names []string) {
	for i := range enums.Len() {
		names = append(names, string(enums.Get(i).Name()))
		for j := range enums.Get(i).Values().Len() {
			names = append(names, string(enums.Get(i).Values().Get(j).Name()))
		}
	}
	for i := range messages.Len() {
		m := messages.Get(i)
		names = append(names, string(m.Name()))
		for j := range m.Fields().Len() {
			names = append(names, string(m.Fields().Get(j).Name()))
		}
		for j := range m.Oneofs().Len() {
			if !m.Oneofs().Get(j).IsSynthetic() {
				names = append(names, string(m.Oneofs().Get(j).Name()))
			}
		}
		names = append(names, namesIn(m.Messages(), m.Enums())...)
	}
	return names
}

func TestDeclaredFinds(t *testing.T) {
	t.Parallel()
	all, bare := declared(`syntax = "proto3";
option go_package = "x";
// A service.
service S {
  rpc Bare(A) returns (B);
}
message BareMessage {
  // A field.
  string good = 1;
  optional int64 bare_field = 2 [(x.y).gte = 1];

  repeated a.B also_bare = 3 [
    (x.y).max_items = 4
  ];
  // What.
  oneof kind {
    option (x.y).required = true;
    bool in_oneof = 4;
  }
}
//
enum BareEnum {
  // Zero.
  ZERO = 0;
  BARE_VALUE = 1;
}`)
	require.Equal(t, []string{"S", "Bare", "BareMessage", "good", "bare_field", "also_bare", "kind", "in_oneof", "BareEnum", "ZERO", "BARE_VALUE"}, all)
	require.Equal(t, []string{"Bare", "BareMessage", "bare_field", "also_bare", "in_oneof", "BareEnum", "BARE_VALUE"}, bare)
}
