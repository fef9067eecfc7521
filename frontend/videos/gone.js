// Tells every list of the page which videos are not there any more: in the trash, or removed.
const lists = new Set();

/** Have `forget(ids)` called with videos that are gone. */
export const whenGone = (forget) => lists.add(forget);

export function gone(ids) {
  if (ids.length) for (const forget of lists) forget(ids);
}
