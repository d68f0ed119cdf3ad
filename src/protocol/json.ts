/** Everything that crosses Temporal is plain JSON: no Date, Map, Set or undefined that would not survive the way. */

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };
