declare module 'octi:log/log@1.0.0' {
  export function log(level: Level, message: string, fields: Array<[string, string]>): void;
  /**
   * How far long work is, in [0, 1], with a short text for the person waiting.
   */
  export function progress(fraction: number | undefined, message: string): void;
  /**
   * True once the caller has given up; long work should stop.
   */
  export function cancelled(): boolean;
  /**
   * # Variants
   * 
   * ## `"trace"`
   * 
   * ## `"debug"`
   * 
   * ## `"info"`
   * 
   * ## `"warn"`
   * 
   * ## `"error"`
   */
  export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';
}
