/** Positions of the brands in an `ftyp` box (ISO/IEC 14496-12, section 4.3) and the length of a brand, in bytes. */
const MAJOR_AT = 8;
const COMPATIBLE_AT = 16;
const BRAND_BYTES = 4;
/** How many brands are read at most. */
const MAX_BRANDS = 64;

/** A file with one of these brands is an MP4, also when a phone writes another major brand, such as `3gp4`. */
const MP4_BRANDS = /^(isom|iso[2-9a-c]|mp4[12]|avc1|dash)$/;
const SOUND_BRANDS = /^(M4A |M4B |F4A |F4B )$/;
const QUICKTIME_BRAND = 'qt  ';
/** Brands of HEIF in general. An AVIF may have one of them as its major brand. */
const PICTURE_BRANDS = /^(mif1|msf1|miaf)$/;
const AVIF_BRANDS = /^(avif|avis)$/;

/**
 * Returns the media type of an ISO base media file by the brands in its `ftyp` box.
 * Returns undefined when the file does not begin with an `ftyp` box, or is of another type (HEIC, 3GP without an MP4
 * brand).
 */
export function typeOfBrands(head: Buffer): 'video/mp4' | 'audio/mp4' | 'video/quicktime' | 'image/avif' | undefined {
  if (head.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const major = head.toString('latin1', MAJOR_AT, MAJOR_AT + BRAND_BYTES);
  const compatible = compatibleBrands(head);
  if (AVIF_BRANDS.test(major)) return 'image/avif';
  if (PICTURE_BRANDS.test(major)) return compatible.some((brand) => AVIF_BRANDS.test(brand)) ? 'image/avif' : undefined;
  if (major === QUICKTIME_BRAND) return 'video/quicktime';
  if (SOUND_BRANDS.test(major)) return 'audio/mp4';
  if (isPicture(major)) return undefined;
  return [major, ...compatible].some((brand) => MP4_BRANDS.test(brand)) ? 'video/mp4' : undefined;
}

/** Returns true for HEIC, Canon's raw pictures, JPEG 2000 and JPEG XL. They may list MP4 brands too. */
function isPicture(major: string): boolean {
  return /^(hei|hev|crx|jp|jx)/.test(major);
}

function compatibleBrands(head: Buffer): string[] {
  const end = Math.min(head.readUInt32BE(0), head.length, COMPATIBLE_AT + MAX_BRANDS * BRAND_BYTES);
  const brands: string[] = [];
  for (let at = COMPATIBLE_AT; at + BRAND_BYTES <= end; at += BRAND_BYTES) {
    brands.push(head.toString('latin1', at, at + BRAND_BYTES));
  }
  return brands;
}
