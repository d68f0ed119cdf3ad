/** JSON as PD writes it: 64-bit ids are bare digits, which no plain JavaScript number can carry. */
import { stringify } from 'lossless-json';

/** `bigint` values become plain JSON numbers with all digits. */
export const toJson = (value: unknown): string => stringify(value) ?? 'null';
