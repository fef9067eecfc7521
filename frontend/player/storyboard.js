// Which piece of which storyboard sheet shows an instant of a video: for the seek bar and for the grid's scrubbing.
import { pathOf } from "../videos/records.js";

/**
 * {url, x, y, w, h, sheetWidth, sheetHeight} in pixels of the sheet, or null when there is no picture for it.
 * Before the start is the first picture, behind the end the last one; behind what a cut-off file still has is none.
 * Sheets have one size, the last one too.
 */
export function tileAt(video, seconds) {
  const board = video?.media?.storyboard;
  if (!board || !(board.count > 0) || !(board.interval_seconds > 0) || Number.isNaN(Number(seconds))) return null;
  const shown = board.count * board.interval_seconds;
  if (seconds > shown && video.duration_seconds - shown > board.interval_seconds) return null;
  const { columns, rows, tile_width: w, tile_height: h } = board;
  const tile = Math.min(board.count - 1, Math.max(0, Math.floor(seconds / board.interval_seconds)));
  const sheet = Math.floor(tile / (columns * rows));
  const place = tile % (columns * rows);
  return {
    url: versioned(`${pathOf(video.id)}/storyboard/${sheet}.jpg`, board),
    x: (place % columns) * w,
    y: Math.floor(place / columns) * h,
    w,
    h,
    sheetWidth: columns * w,
    sheetHeight: rows * h,
  };
}

/** The address of a picture, another one once it is made anew: browsers keep it. */
export const versioned = (url, { version } = {}) => (version ? `${url}?v=${version}` : url);
