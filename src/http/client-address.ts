import { isIP } from 'node:net';
import type { Request } from 'express';

/** How many of the eight groups of an IPv6 address name the network of one customer: a /64 (RFC 6177). */
const NETWORK_GROUPS = 4;

/**
 * Where a request comes from, for counting: an IPv4 address, or the /64 of an IPv6 address, since a client that has one of
 * its addresses has them all. Express works out the address by TRUST_PROXY; what a proxy says that is no address
 * counts as the proxy's own.
 */
export function clientAddressOf(request: Request): string {
  return networkOf(request.ip ?? '') ?? networkOf(request.socket.remoteAddress ?? '') ?? 'unknown';
}

/** The network that an address counts for; undefined for what is no address. */
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

/** The eight groups of an IPv6 address. A URL writes it in hexadecimal alone (https://url.spec.whatwg.org/#concept-ipv6-serializer). */
function groupsOf(address: string): number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = [], after = []] = canonical
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16))));
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
