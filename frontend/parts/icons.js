// The drawings of the page, as strokes on a 20-unit square. Each is decoration: words stand beside it or in a label.
import { html } from "../html.js";

const PATHS = {
  upload: "M10 13V4M6.5 7.5 10 4l3.5 3.5M4 13.5V15a1.5 1.5 0 0 0 1.5 1.5h9A1.5 1.5 0 0 0 16 15v-1.5",
  download: "M10 4v9M6.5 9.5 10 13l3.5-3.5M4 16.5h12",
  copy: "M7.5 7.5v-2A1.5 1.5 0 0 1 9 4h5.5A1.5 1.5 0 0 1 16 5.5V11a1.5 1.5 0 0 1-1.5 1.5h-2M5.5 7.5H11A1.5 1.5 0 0 1 12.5 9v5.5A1.5 1.5 0 0 1 11 16H5.5A1.5 1.5 0 0 1 4 14.5V9a1.5 1.5 0 0 1 1.5-1.5Z",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  close: "m5.5 5.5 9 9m0-9-9 9",
  retry: "M15.5 10a5.5 5.5 0 1 1-1.7-4M14.5 3.5V6.5h-3",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11Zm4-1.5 3.5 3.5",
  film: "M4.5 4.5h11a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1Zm4 3.2v4.6l4-2.3-4-2.3Z",
  sound: "M3.5 8.5v3M7 5.5v9M10.5 7.5v5M14 4v12M17 8.5v3",
  moon: "M16 11.8A6.5 6.5 0 0 1 8.2 4a6.5 6.5 0 1 0 7.8 7.8Z",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
  leave: "M8 16.5H5A1.5 1.5 0 0 1 3.5 15V5A1.5 1.5 0 0 1 5 3.5h3M12.5 13.5 16 10l-3.5-3.5M16 10H8",
  book: "M10 5.5C8.5 4.3 6 4 3.5 4.3v10.9c2.5-.3 5 0 6.5 1.2 1.5-1.2 4-1.5 6.5-1.2V4.3C14 4 11.5 4.3 10 5.5Zm0 0v10.9",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;

export const Logo = () => html`<img class="logo" src="/static/logo.svg" alt="" width="32" height="32" />`;
