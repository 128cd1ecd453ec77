type Fields = Record<string, string | number | boolean>;
export function trace(message: string, fields?: Fields): void;
export function debug(message: string, fields?: Fields): void;
export function info(message: string, fields?: Fields): void;
export function warn(message: string, fields?: Fields): void;
export function error(message: string, fields?: Fields): void;
/** How far long work is, from 0 to 1, with a short text for the person waiting. Without a number, only the text. */
export function progress(fraction: number | undefined, message: string): void;
/** True once the caller has given up; long work should stop. */
export function isCancelled(): boolean;
