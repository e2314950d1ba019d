// Takes the place of protobuf-es' text format in the build: only defaults of proto2 need it.
export function parseTextFormatEnumValue(): never {
  throw new Error("the text format is not part of this build");
}
export const parseTextFormatScalarValue = parseTextFormatEnumValue;
