// Takes the place of protobuf-es' JSON in the build: the dashboard speaks binary alone.
function absent(): never {
  throw new Error("JSON is not part of this build");
}
export const fromJson = absent;
export const fromJsonString = absent;
export const mergeFromJson = absent;
export const mergeFromJsonString = absent;
export const enumFromJson = absent;
export const isEnumJson = absent;
export const toJson = absent;
export const toJsonString = absent;
export const enumToJson = absent;
