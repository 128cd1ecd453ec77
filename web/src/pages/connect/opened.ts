// The address that was opened, read before the router rewrites it: a program compares its `state` letter for letter, and to the
// router `0.10` is a number.
export const openedAt = window.location.pathname + window.location.search;
