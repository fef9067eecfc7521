// One upload, one tab: whoever has a file's bytes holds its lock until it is saved, cancelled, or the tab is closed.
import * as claims from "./claims.js";

const nameOf = (id) => `holdfast-upload-${id}`;

function ask(id, options) {
  return new Promise((resolve, reject) => {
    const held = (lock) => (lock ? new Promise((letGo) => resolve(letGo)) : resolve(null));
    navigator.locks.request(nameOf(id), options, held).catch(reject);
  });
}

const withLocks = {
  take: (id) => ask(id, { ifAvailable: true }),
  await: (id) => ask(id, {}),
};

// Browsers offer locks only where the page came over HTTPS or from this machine.
const { take, await: waitFor } = navigator.locks ? withLocks : claims;

/** Resolves to the function that lets go, or to null while another tab holds the lock. */
export { take };
/** Resolves to the function that lets go, as soon as no other tab holds the lock. */
export { waitFor };
