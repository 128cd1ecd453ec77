export const lines = [];
export const steps = [];

export function log(level, message, fields) {
  lines.push({ level, message, fields });
}

export function progress(fraction, message) {
  steps.push([fraction, message]);
}

export function cancelled() {
  return false;
}
