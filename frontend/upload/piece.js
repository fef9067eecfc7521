// How much one request carries: everything, until something between here and the server does not take that.
const LEAST_BYTES = 1024 * 1024;
const FIRST_BYTES = 64 * 1024 * 1024;

let most = Infinity;
export const pieceBytes = () => most;

/** Send less than `item` did in one request, from now on. Returns false when that was little already. */
export function useSmaller({ pieceBytes: tried }) {
  if (tried <= LEAST_BYTES) return false;
  // Several files at once may have met the same limit: it counts once.
  most = Math.min(most, Math.max(LEAST_BYTES, Math.min(FIRST_BYTES, tried / 8)));
  return true;
}
