// A component that knows nothing of octi.

export const ops = {
  add: (a, b) => a + b,
  distance: (a, b) => Math.hypot(a.x - b.x, a.y - b.y),
  divide(a, b) {
    if (b === 0) throw "division by zero";
    return Math.trunc(a / b);
  },
};
