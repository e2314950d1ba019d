// A .proto file's descriptor as a table: what stays of it in the page. Numbers,
// names and types; no options, comments or JSON names, which the page never asks for.

export type FieldTable = [number: number, name: string, type: number, flags: number, typeName?: string, oneof?: number];
export type MessageTable = [name: string, fields: FieldTable[], oneofs: string[], nested: MessageTable[], enums: EnumTable[]];
export type EnumTable = [name: string, ...numbers: number[]];
export type MethodTable = [name: string, input: string, output: string, streams: number];
export type ServiceTable = [name: string, methods: MethodTable[]];
export type FileTable = [name: string, pkg: string, messages: MessageTable[], enums: EnumTable[], services: ServiceTable[]];

export const REPEATED = 1;
export const OPTIONAL = 2;

export const CLIENT_STREAMS = 1;
export const SERVER_STREAMS = 2;
