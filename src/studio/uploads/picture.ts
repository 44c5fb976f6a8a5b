/** How many bytes of a file show whether it is a picture. */
const HEAD_BYTES = 16;

/** The beginnings of pictures that slots accept. A dot is any byte. AVIF: ISO/IEC 23008-12, its brands vary. */
const PICTURES = [
  /^\xff\xd8\xff/,
  /^\x89PNG\r\n/,
  /^GIF8[79]a/,
  /^RIFF....WEBP/s,
  /^....ftyp(avi[fs]|mif1|msf1|miaf)/s,
];

/** Whether a file begins like a JPEG, PNG, GIF, WebP or AVIF. */
export async function isPicture(file: Blob): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const text = String.fromCharCode(...head);
  return PICTURES.some((beginning) => beginning.test(text));
}
