// One upload by tus-js-client, as its manual shows it: node tus_js.mjs '{"file", "options", "stream"?, "cutAt"?, "urls"?}'
// "stream": the file without its size; "cutAt": aborts after so many bytes, then resumes in a second Upload that finds
// the address in the file "urls". Prints {"url", "offsets"}: where the upload is, and the Upload-Offset of each PATCH.
import { createReadStream } from "node:fs";
import { PassThrough } from "node:stream";
import { FileUrlStorage, Upload } from "tus-js-client";

const task = JSON.parse(process.argv[2]);
const offsets = [];

function open() {
  const file = createReadStream(task.file);
  return task.stream ? file.pipe(new PassThrough()) : file;
}

function make(finish, fail, onProgress = () => {}) {
  const upload = new Upload(open(), {
    ...task.options,
    ...(task.urls && { urlStorage: new FileUrlStorage(task.urls), removeFingerprintOnSuccess: true }),
    onError: fail,
    onSuccess: () => finish(upload),
    onProgress: (sent) => onProgress(upload, sent),
    onBeforeRequest(request) {
      if (request.getMethod() === "PATCH") offsets.push(Number(request.getHeader("Upload-Offset")));
    },
  });
  return upload;
}

async function cut() {
  await new Promise((resolve, reject) => {
    let isCut = false;
    const upload = make(() => reject(new Error("it ended before it could be cut")), reject, (_, sent) => {
      if (isCut || sent < task.cutAt) return;
      isCut = true;
      upload.abort().then(resolve, reject);
    });
    upload.start();
  });
}

async function send() {
  return new Promise((resolve, reject) => {
    const upload = make(resolve, reject);
    upload.findPreviousUploads().then((earlier) => {
      if (task.cutAt && earlier.length !== 1) reject(new Error(`${earlier.length} earlier uploads are known`));
      if (earlier.length) upload.resumeFromPreviousUpload(earlier[0]);
      upload.start();
    }, reject);
  });
}

try {
  if (task.cutAt) await cut();
  const { url } = await send();
  console.log(JSON.stringify({ url, offsets }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
