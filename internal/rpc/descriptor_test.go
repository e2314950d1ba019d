// The .proto files themselves: every field that a client can fill is bounded.

package rpc_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	_ "github.com/satcap/satcap/gen/satcap/v1"
	_ "github.com/satcap/satcap/gen/services/api_keys/v1"
)

// freeBools are booleans of which both values are fine.
var freeBools = map[protoreflect.FullName]bool{}

// unbounded lists the fields reachable from m that have no bound, in words.
func unbounded(m protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) (found []string) {
	if seen[m.FullName()] {
		return nil
	}
	seen[m.FullName()] = true
	for i := range m.Oneofs().Len() {
		o := m.Oneofs().Get(i)
		rules, _ := proto.GetExtension(o.Options(), validate.E_Oneof).(*validate.OneofRules)
		if !o.IsSynthetic() && !rules.GetRequired() {
			found = append(found, string(o.FullName())+": oneof is not required")
		}
	}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
		if rules.GetIgnore() == validate.Ignore_IGNORE_ALWAYS {
			rules = nil
		}
		if f.IsMap() {
			found = append(found, string(f.FullName())+": maps are not known here")
			continue
		}
		if f.IsList() {
			if rules.GetRepeated() == nil || rules.GetRepeated().MaxItems == nil {
				found = append(found, string(f.FullName())+": no max_items")
			}
			rules = rules.GetRepeated().GetItems()
		}
		if missing := missingBound(f, rules); missing != "" {
			found = append(found, fmt.Sprintf("%s: %s", f.FullName(), missing))
		}
		if f.Message() != nil && !strings.HasPrefix(string(f.Message().FullName()), "google.protobuf.") {
			found = append(found, unbounded(f.Message(), seen)...)
		}
	}
	return found
}

// missingBound says which bound one value of f lacks.
func missingBound(f protoreflect.FieldDescriptor, rules *validate.FieldRules) string {
	has := func(names ...protoreflect.Name) bool {
		if rules == nil {
			return false
		}
		m := rules.ProtoReflect()
		kind := m.WhichOneof(m.Descriptor().Oneofs().ByName("type"))
		if kind == nil {
			return false
		}
		of := m.Get(kind).Message()
		return slices.ContainsFunc(names, func(n protoreflect.Name) bool {
			field := of.Descriptor().Fields().ByName(n)
			return field != nil && of.Has(field)
		})
	}
	switch f.Kind() {
	case protoreflect.StringKind:
		if !has("max_len", "len") && !rules.GetString().GetUuid() {
			return "no max_len and not a uuid"
		}
	case protoreflect.BytesKind:
		if !has("max_len", "len") {
			return "no max_len"
		}
	case protoreflect.BoolKind:
		if !has("const") && !freeBools[f.FullName()] {
			return "bool without const"
		}
	case protoreflect.EnumKind:
		if !rules.GetEnum().GetDefinedOnly() {
			return "not defined_only"
		}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "amounts are integers"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		name := f.Message().FullName()
		if (name == "google.protobuf.Timestamp" || name == "google.protobuf.Duration") && !(has("gte", "gt") && has("lte", "lt")) {
			return "no lower or no upper bound"
		}
		if strings.HasPrefix(string(name), "google.protobuf.") && name != "google.protobuf.Timestamp" && name != "google.protobuf.Duration" {
			return "well-known type that is not known here"
		}
	default: // the integers
		upper := has("lte", "lt") || strings.HasSuffix(string(f.Name()), "revision")
		if !has("gte", "gt") || !upper {
			return "no lower or no upper bound"
		}
	}
	return ""
}

// satcapFiles are the files of the packages that satcap serves.
func satcapFiles(t *testing.T) (files []protoreflect.FileDescriptor) {
	t.Helper()
	for _, name := range []protoreflect.FullName{"satcap.v1", "services.api_keys.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(name, func(f protoreflect.FileDescriptor) bool {
			files = append(files, f)
			return true
		})
	}
	require.Len(t, files, len(protoSources(t)))
	return files
}

func protoSources(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	for _, dir := range []string{"satcap/v1/", "services/api_keys/v1/"} {
		paths, err := filepath.Glob("../../proto/" + dir + "*.proto")
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, p := range paths {
			text, err := os.ReadFile(p)
			require.NoError(t, err)
			sources[dir+filepath.Base(p)] = string(text)
		}
	}
	require.NotEmpty(t, sources)
	return sources
}

func TestEveryRequestFieldIsBounded(t *testing.T) {
	t.Parallel()
	seen := map[protoreflect.FullName]bool{}
	var found []string
	for _, f := range satcapFiles(t) {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				found = append(found, unbounded(f.Services().Get(i).Methods().Get(j).Input(), seen)...)
			}
		}
	}
	require.Empty(t, found)
	require.Greater(t, len(seen), len(bodies), "requests and the messages in them: %v", slices.Sorted(maps.Keys(seen)))
}

// TestUnboundedFinds shows the walk every kind of fault, each next to a field
// that is as it should be.
func TestUnboundedFinds(t *testing.T) {
	t.Parallel()
	field := func(name string, kind descriptorpb.FieldDescriptorProto_Type, typeName string, rules *validate.FieldRules, edit ...func(*descriptorpb.FieldDescriptorProto)) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Type: kind.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
		if typeName != "" {
			f.TypeName = &typeName
		}
		if rules != nil {
			f.Options = &descriptorpb.FieldOptions{}
			proto.SetExtension(f.Options, validate.E_Field, rules)
		}
		for _, e := range edit {
			e(f)
		}
		return f
	}
	repeated := func(f *descriptorpb.FieldDescriptorProto) {
		f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	}
	inOneof := func(i int32) func(*descriptorpb.FieldDescriptorProto) {
		return func(f *descriptorpb.FieldDescriptorProto) { f.OneofIndex = &i }
	}
	rules := func(r *validate.Int64Rules) *validate.FieldRules {
		return &validate.FieldRules{Type: &validate.FieldRules_Int64{Int64: r}}
	}
	both := rules(&validate.Int64Rules{GreaterThan: &validate.Int64Rules_Gte{Gte: 1}, LessThan: &validate.Int64Rules_Lt{Lt: 9}})
	lower := rules(&validate.Int64Rules{GreaterThan: &validate.Int64Rules_Gte{Gte: 1}})
	maxLen := &validate.FieldRules{Type: &validate.FieldRules_String_{String_: &validate.StringRules{MaxLen: proto.Uint64(9)}}}
	minLen := &validate.FieldRules{Type: &validate.FieldRules_String_{String_: &validate.StringRules{MinLen: proto.Uint64(9)}}}
	isUUID := &validate.FieldRules{Type: &validate.FieldRules_String_{String_: &validate.StringRules{WellKnown: &validate.StringRules_Uuid{Uuid: true}}}}
	defined := &validate.FieldRules{Type: &validate.FieldRules_Enum{Enum: &validate.EnumRules{DefinedOnly: proto.Bool(true)}}}
	ignored := proto.CloneOf(both)
	ignored.Ignore = validate.Ignore_IGNORE_ALWAYS.Enum()
	list := func(items *validate.FieldRules, maxItems *uint64) *validate.FieldRules {
		return &validate.FieldRules{Type: &validate.FieldRules_Repeated{Repeated: &validate.RepeatedRules{MaxItems: maxItems, Items: items}}}
	}
	required := &descriptorpb.OneofOptions{}
	proto.SetExtension(required, validate.E_Oneof, &validate.OneofRules{Required: proto.Bool(true)})
	const (
		text, integer, boolean   = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_INT64, descriptorpb.FieldDescriptorProto_TYPE_BOOL
		message, enum, raw, real = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, descriptorpb.FieldDescriptorProto_TYPE_ENUM, descriptorpb.FieldDescriptorProto_TYPE_BYTES, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE
		color, inner, timestamp  = ".x.Color", ".x.Inner", ".google.protobuf.Timestamp"
	)
	fields := []*descriptorpb.FieldDescriptorProto{
		field("text_good", text, "", maxLen), field("text_uuid", text, "", isUUID), field("text_min_only", text, "", minLen), field("text_bare", text, "", nil),
		field("int_good", integer, "", both), field("int_lower_only", integer, "", lower), field("int_bare", integer, "", nil), field("int_ignored", integer, "", ignored),
		field("revision", integer, "", lower), field("bool_bare", boolean, "", nil), field("enum_good", enum, color, defined), field("enum_bare", enum, color, nil),
		field("bytes_bare", raw, "", nil), field("real", real, "", nil), field("time_bare", message, timestamp, nil),
		field("inner", message, inner, nil), field("list_good", text, "", list(maxLen, proto.Uint64(3)), repeated),
		field("list_no_max", text, "", list(maxLen, nil), repeated), field("list_items", text, "", list(nil, proto.Uint64(3)), repeated),
		field("any", message, ".google.protobuf.Any", nil), field("one_good", integer, "", both, inOneof(0)), field("one_free", integer, "", both, inOneof(1)),
	}
	for i, f := range fields {
		f.Number = proto.Int32(int32(i + 1))
	}
	deep := field("deep", integer, "", nil)
	deep.Number = proto.Int32(1)
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("x.proto"), Package: proto.String("x"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/timestamp.proto", "google/protobuf/any.proto"},
		EnumType:   []*descriptorpb.EnumDescriptorProto{{Name: proto.String("Color"), Value: []*descriptorpb.EnumValueDescriptorProto{{Name: proto.String("RED"), Number: proto.Int32(0)}}}},
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("M"), Field: fields, OneofDecl: []*descriptorpb.OneofDescriptorProto{{Name: proto.String("needed"), Options: required}, {Name: proto.String("free")}}},
			{Name: proto.String("Inner"), Field: []*descriptorpb.FieldDescriptorProto{deep}},
		},
	}, protoregistry.GlobalFiles)
	require.NoError(t, err)
	var names []string
	for _, f := range unbounded(file.Messages().ByName("M"), map[protoreflect.FullName]bool{}) {
		name, _, _ := strings.Cut(f, ":")
		names = append(names, name)
	}
	require.Equal(t, []string{
		"x.M.free", "x.M.text_min_only", "x.M.text_bare", "x.M.int_lower_only", "x.M.int_bare", "x.M.int_ignored", "x.M.bool_bare", "x.M.enum_bare",
		"x.M.bytes_bare", "x.M.real", "x.M.time_bare", "x.Inner.deep", "x.M.list_no_max", "x.M.list_items", "x.M.any",
	}, names)
}
