// What is said of a file when its upload begins, as the form's fields.

/** Headers are short: longer words follow once the upload is begun. */
const LONGEST_WORDS_BYTES = 3000;

/** {metadata, words}: the fields, and the words among them as the server will then have them. */
export function metadataOf({ name, project, label, words: { value: words } }) {
  const metadata = { filename: name, project_id: project };
  if (label) metadata.content_type = label;
  const isShort = new Blob([words]).size <= LONGEST_WORDS_BYTES;
  const { title, tags, description } = JSON.parse(isShort ? words : NO_WORDS);
  for (const [key, value] of Object.entries({ title, description, tags: tags.join(",") })) if (value) metadata[key] = value;
  return { metadata, words: isShort ? words : NO_WORDS };
}

const NO_WORDS = JSON.stringify({ title: "", description: "", tags: [] });
