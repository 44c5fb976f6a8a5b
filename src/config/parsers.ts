import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { FAIL_ACTIONS, FAIL_MOMENTS, type FailPoint } from '../fail-point.js';
import { TIMING_NAMES, type TimingName, type Timings } from '../timings.js';
import { ValueRefused } from './faults.js';

/** Parses the text of a variable, which is never empty. Throws ValueRefused. */
export type Parser<T> = (text: string) => T;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface UrlRules {
  readonly query: boolean;
}

/** HS256 requires a key as long as its hash (RFC 7518, section 3.2). Shorter secrets could be guessed. */
const MIN_SECRET_BYTES = 32;

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const CONTROL_CHARACTER = /\p{Cc}/u;

export const anyText: Parser<string> = (text) => {
  if (CONTROL_CHARACTER.test(text)) {
    throw new ValueRefused('holds a control character', 'Write it on one line, as plain text');
  }
  return text;
};

export const yesOrNo: Parser<boolean> = (text) => {
  const word = text.toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  throw new ValueRefused('is neither true nor false', 'Set true or false');
};

export function oneOf<const T extends string>(choices: readonly T[]): Parser<T> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new ValueRefused('is not known here', `Set one of ${choices.join(', ')}`);
    return choice;
  };
}

/** Accepts digits only, because `10MB`, `1e6` and `-1` are ambiguous. */
export function wholeNumber(unit: string, bounds: Bounds): Parser<number> {
  const remedy = `Set ${unit} as plain digits, from ${bounds.min} to ${bounds.max}`;
  return (text) => {
    if (!/^\d+$/.test(text)) throw new ValueRefused('is not a whole number', remedy);
    const value = Number(text);
    if (value < bounds.min) throw new ValueRefused('is too small', remedy);
    if (value > bounds.max) throw new ValueRefused('is too large', remedy);
    return value;
  };
}

export const secretText: Parser<string> = (text) => {
  if (Buffer.byteLength(text) < MIN_SECRET_BYTES) {
    throw new ValueRefused(
      `is shorter than ${MIN_SECRET_BYTES} bytes, so it could be guessed`,
      'Set a random one, such as the output of: openssl rand -base64 48',
    );
  }
  return anyText(text);
};

/** Returns an absolute path. A relative one is resolved from the working directory of the process. */
export const folder: Parser<string> = (text) => {
  if (text.startsWith('~')) {
    throw new ValueRefused('begins with ~, which only a shell understands', 'Write the whole path');
  }
  return resolve(anyText(text));
};

export const hostToListenOn: Parser<string> = (text) => {
  if (isIP(text) === 0 && !HOST_NAME.test(text)) {
    throw new ValueRefused(
      'is neither a host name nor an IP address',
      'Set a name or an address alone, such as localhost, 127.0.0.1 or ::, without scheme, brackets or port',
    );
  }
  return text;
};

/** Accepts an http(s) URL without user name, password and fragment. */
export function httpUrl(rules: UrlRules): Parser<string> {
  return (text) => {
    if (!/^https?:\/\//i.test(text)) {
      throw new ValueRefused('does not begin with http:// or https://', 'Set the whole URL, scheme included');
    }
    if (!URL.canParse(text)) throw new ValueRefused('is not a URL', 'Set a URL such as https://media.example.org');
    const url = new URL(text);
    if (url.username !== '' || url.password !== '') {
      throw new ValueRefused('holds a user name or password', 'Leave them out of the URL');
    }
    if (text.includes('#') || (text.includes('?') && !rules.query)) {
      throw new ValueRefused('holds a query or a fragment', 'End the URL before ? or #');
    }
    return url.href;
  };
}

/** Accepts an http(s) URL to which paths can be appended. Returns it without a slash at the end. */
export const urlPrefix: Parser<string> = (text) => httpUrl({ query: false })(text).replace(/\/+$/, '');

/** Checks the naming rules of Amazon's general purpose buckets, which other S3-compatible stores accept as well. */
export const bucketName: Parser<string> = (text) => {
  if (!BUCKET_NAME.test(text) || text.includes('..') || isIP(text) !== 0) {
    throw new ValueRefused(
      'is not a valid bucket name',
      'Set the bucket name alone: 3 to 63 lower-case letters, digits, hyphens and dots; no s3:// and no folder',
    );
  }
  return text;
};

export const regionName: Parser<string> = (text) => {
  if (!/^[a-z0-9-]+$/i.test(text)) throw new ValueRefused('is not a region name', 'Set a name such as eu-central-1');
  return text;
};

const FAIL_POINT = new RegExp(
  `^(${FAIL_ACTIONS.join('|')}):(${FAIL_MOMENTS.join('|')}):([a-z-]+)(?::(\\d{1,6}))?(?::(\\d{1,6}))?$`,
);

/** `kill:before:publish`, `kill:after:journal:3`, `delay:before:swap:1:3000`, `lose:after:swap`. */
export const failPoint: Parser<FailPoint> = (text) => {
  const [, action, when, step, pass = '1', delayMs = '0'] = FAIL_POINT.exec(text) ?? [];
  if (step === undefined) {
    throw new ValueRefused('names no fail point', 'Set {kill|delay|lose}:{before|after}:{step}:{pass}:{milliseconds}');
  }
  return {
    action: action as FailPoint['action'],
    when: when as FailPoint['when'],
    step,
    pass: Number(pass),
    delayMs: Number(delayMs),
  };
};

/** Other values for some of `DEFAULT_TIMINGS`, in milliseconds: `stopNotice=0,s3Idle=600`. */
export const timings: Parser<Partial<Timings>> = (text) => {
  const changed: Partial<Record<TimingName, number>> = {};
  for (const assignment of text.split(',')) {
    const [, name, ms] = /^(\w+)=(\d{1,8})$/.exec(assignment.trim()) ?? [];
    const known = TIMING_NAMES.find((candidate) => candidate === name);
    if (known === undefined) {
      throw new ValueRefused(
        'names no timing',
        `Set {name}={milliseconds}, comma-separated: ${TIMING_NAMES.join(', ')}`,
      );
    }
    changed[known] = Number(ms);
  }
  return changed;
};

/** Express' names for groups of addresses (https://expressjs.com/en/guide/behind-proxies.html). */
const PROXY_GROUPS = ['loopback', 'linklocal', 'uniquelocal'];
const MAX_PROXIES = 32;

/** The number of proxies in front of the server, or their addresses. "All" is refused: clients could claim any address. */
export const trustedProxies: Parser<number | readonly string[]> = (text) => {
  if (/^\d+$/.test(text) && Number(text) <= MAX_PROXIES) return Number(text);
  const proxies = text.split(',').map((part) => part.trim());
  if (!proxies.every((proxy) => PROXY_GROUPS.includes(proxy) || isAddressRange(proxy))) {
    throw new ValueRefused(
      'is neither a number of proxies nor a list of addresses',
      `Set a number from 0 to ${MAX_PROXIES}, or addresses such as 10.0.0.0/8 or ${PROXY_GROUPS.join(', ')}`,
    );
  }
  return proxies;
};

/** Whether a text is an IP address, or a range with the length of its prefix (RFC 4632). A prefix of 0 is refused. */
function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** A list of origins as browsers send them (RFC 6454, section 6.2), or `*`. */
export const originList: Parser<'*' | readonly string[]> = (text) => {
  if (text.trim() === '*') return '*';
  return text.split(',').map((part) => {
    const origin = part.trim();
    if (!/^https?:\/\/[^*]+$/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new ValueRefused(
        'is not a list of origins',
        'Set only scheme, host and port, such as https://app.example.org, comma-separated; no path and no slash at the end',
      );
    }
    return origin;
  });
};

/** Checks the form of a storage name. The registry of storages checks at the start whether there is such a storage. */
export const storageName: Parser<string> = (text) => {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text)) return text;
  throw new ValueRefused('is not the name of a storage', 'Set local or s3');
};
