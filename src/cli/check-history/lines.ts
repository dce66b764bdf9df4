/** The lines of a file of any size: as one text it would have to fit into a string of JavaScript (512 MB). */
const LINE_FEED = 10;

/** Without line feeds. Throws a TypeError where the bytes are not UTF-8. */
export function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found === -1 ? bytes.length : found;
    yield decoder.decode(bytes.subarray(start, end));
    start = end + 1;
  }
}
