// Who may share a video: operators all, uploaders their own, nobody what is in the trash.
import { mayOperate, mayUpload, session } from "../server/session.js";

export const mayShare = (video) =>
  Boolean(video) && video.status !== "trashed" && (mayOperate.value || (mayUpload.value && video.uploaded_by === session.value?.user?.name));
