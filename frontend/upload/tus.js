// The tus client: its browser bundle is no module, it leaves what it makes on the global object.
import "tus-js-client/dist/tus.min.js";

export const { Upload } = globalThis.tus;
