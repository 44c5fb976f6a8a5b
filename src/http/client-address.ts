import { isIP } from 'node:net';
import type { Request } from 'express';

/** The first four of the eight groups of an IPv6 address, a /64, are the network of one customer (RFC 6177). */
const NETWORK_GROUPS = 4;

/**
 * Returns the client's address for rate limits: an IPv4 address, or the /64 network of an IPv6 address, because one
 * client usually has a whole /64. Express finds the address by TRUST_PROXY. If a proxy names something that is not an
 * address, the proxy's own address is used.
 */
export function clientAddressOf(request: Request): string {
  return networkOf(request.ip ?? '') ?? networkOf(request.socket.remoteAddress ?? '') ?? 'unknown';
}

/** Returns the network that an address belongs to. Returns undefined when the text is not an address. */
export function networkOf(text: string): string | undefined {
  const [address = ''] = text.split('%');
  const family = isIP(address);
  if (family === 0) return undefined;
  if (family === 4) return address;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(-2);
  // ::ffff:192.0.2.1 is an IPv4 address in the notation of IPv6 (RFC 4291, section 2.5.5.2).
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

/**
 * Returns the eight groups of an IPv6 address. Lets `URL` write it in hexadecimal only
 * (https://url.spec.whatwg.org/#concept-ipv6-serializer).
 */
function groupsOf(address: string): number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = [], after = []] = canonical
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16))));
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
