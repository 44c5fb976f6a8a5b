/** Where the brands stand in an `ftyp` box (ISO/IEC 14496-12, section 4.3), and how long each is, in bytes. */
const MAJOR_AT = 8;
const COMPATIBLE_AT = 16;
const BRAND_BYTES = 4;
/** More brands than any writer lists. */
const MAX_BRANDS = 64;

/** Brands of players: a file with one of them is an MP4, whatever a phone writes as its major brand. */
const MP4_BRANDS = /^(isom|iso[2-9a-c]|mp4[12]|avc1|dash)$/;
const SOUND_BRANDS = /^(M4A |M4B |F4A |F4B )$/;
const QUICKTIME_BRAND = 'qt  ';
/** Brands of pictures in general (HEIF), under which an AVIF may be. */
const PICTURE_BRANDS = /^(mif1|msf1|miaf)$/;
const AVIF_BRANDS = /^(avif|avis)$/;

/**
 * The type of an ISO base media file by the brands in its `ftyp` box. Undefined for a file that does not begin with one,
 * and for brands that say nothing of a type accepted here (HEIC, 3GP without a brand of MP4).
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

/** HEIC, Canon's raw pictures, JPEG 2000 and JPEG XL: they list brands of MP4 as well. */
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
