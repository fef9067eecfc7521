// @tus/server as its README sets it up; BENCH_FOLDER is where the files go.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const server = new Server({ path: "/files", datastore: new FileStore({ directory: process.env.BENCH_FOLDER }) });
server.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
