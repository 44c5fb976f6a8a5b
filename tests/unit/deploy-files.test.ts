import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { Section } from '../../src/config/variable.js';
import { CONFIG_TABLE, type Config, type Environment, loadConfig } from '../../src/config.js';
import { ERROR_CATALOGUE } from '../../src/errors.js';
import { readPage, ROOT, tableRows } from '../support/docs-pages.js';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const variables = Object.values<Section>(CONFIG_TABLE).flatMap((section) => Object.values(section));
const known = new Set(variables.map(({ name }) => name));
const unknownOf = (environment: object): string[] => Object.keys(environment).filter((name) => !known.has(name));

const { scripts, dependencies } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
};
/** How long the server may take to close everything after the grace period of a stop, in seconds. */
const stopMargin = Number(/STOP_MARGIN_MS = (\d+)_000/.exec(read('src/main.ts'))?.[1]);
const defaults = loadConfig({});
const stopSeconds = ({ server }: Config): number => server.shutdownGraceSeconds + stopMargin;
/** The paths of the server's probes. */
const probes = Array.from(read('src/http/health.ts').matchAll(/router\.get\('([^']+)'/g), ([, path]) => path);

/** The settings that operators have to add: secrets, and the address of the database. */
const SECRET = 'a secret for tests alone, longer than 32 bytes';
const secrets: Environment = { AUTH_JWT_SECRET: SECRET, URL_SIGNING_SECRET: SECRET, METRICS_TOKEN: SECRET };

/** `NAME=value` lines, as in an environment file. */
function environmentIn(text: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(text.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm), ([, name, value]) => [name, value]),
  );
}

it('the sources that these tests parse have the expected form', () => {
  expect(stopMargin).toBeGreaterThan(0);
  expect(probes).toEqual(['/healthz', '/readyz']);
});

describe('Dockerfile', () => {
  const text = read('Dockerfile').replaceAll('\\\n', ' ');
  const stages = text.split(/^FROM /m).slice(1);
  const last = stages.at(-1)!;
  const copied = (stage: string): string[] =>
    Array.from(stage.matchAll(/^COPY (?!--from)(.+)$/gm), ([, words = '']) => words.split(' ').slice(0, -1)).flat();

  it('copies everything that the build reads, and .dockerignore lets it through', () => {
    const inputs = /const INPUTS = \[([\s\S]*?)\]/.exec(read('build.js'))?.[1] ?? '';
    const names = Array.from(inputs.matchAll(/'([^']+)'/g), ([, name]) => name);
    expect(names).toContain('src');
    expect(copied(stages[0]!)).toEqual(expect.arrayContaining([...names, 'package.json', '.npmrc']));
    const allowed = Array.from(read('.dockerignore').matchAll(/^!(.+)$/gm), ([, name]) => name);
    expect(allowed.sort()).toEqual([...new Set(stages.flatMap(copied))].sort());
    for (const name of allowed) expect(existsSync(join(ROOT, name!)), name).toBe(true);
  });

  it('runs the server like start:built, on the default port, as a user with a number', () => {
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(last)![1]!) as string[];
    expect(`exec ${command.join(' ')}`).toBe(scripts['start:built']);
    expect(/^EXPOSE (\d+)$/m.exec(last)?.[1]).toBe(String(defaults.server.port));
    expect(last).toMatch(/^USER 1000:1000$/m);
    expect(last).toContain(`process.env.PORT || ${defaults.server.port}`);
    expect(last).toContain('/readyz`');
    expect(last).toContain('ln -s /app/dist/cli/main.js /usr/local/bin/lectern');
  });

  it('sets only existing variables, and sets DATA_DIR to the volume', () => {
    const environment = Object.fromEntries(
      /^ENV (.*)$/m
        .exec(last)![1]!
        .split(' ')
        .map((pair) => pair.split('=')),
    );
    expect(unknownOf(environment)).toEqual([]);
    expect(environment).toMatchObject({ DATA_DIR: /^VOLUME (.*)$/m.exec(last)?.[1] });
  });

  it('uses a version of Node.js that the tests use', () => {
    const versions = parse(read('.github/workflows/ci.yml')) as {
      jobs: { ci: { strategy: { matrix: { node: number[] } } } };
    };
    for (const stage of stages) {
      expect(versions.jobs.ci.strategy.matrix.node).toContain(Number(/^node:(\d+)-/.exec(stage)?.[1]));
    }
  });
});

describe('images', () => {
  const BUILT_HERE = ['lectern', 'lectern-dev'];
  /** Images, by the files that name them. */
  const used = ['Dockerfile', 'compose.yaml', 'compose.dev.yaml', 'deploy/kubernetes.yaml'].flatMap((path) =>
    Array.from(read(path).matchAll(/^(?:FROM| *(?:- )?image:) (\S+)/gm), ([, image = '']) => ({ path, image })),
  );

  it('are found in every file', () => {
    expect(new Set(used.map(({ path }) => path)).size).toBe(4);
    expect(used.length).toBeGreaterThan(8);
  });

  it('have the tag of a version', () => {
    for (const { path, image } of used.filter((use) => !BUILT_HERE.includes(use.image)))
      expect(image, path).toMatch(/:\d[\w.-]*$/);
  });
});

interface Service {
  readonly environment?: Record<string, string>;
  readonly depends_on?: Record<string, unknown> | string[];
  readonly networks?: string[];
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly command?: string[];
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
}
interface Compose {
  readonly services: Record<string, Service>;
  readonly networks?: Record<string, unknown>;
  readonly volumes: Record<string, unknown>;
}

describe.each(['compose.yaml', 'compose.dev.yaml'])('%s', (path) => {
  const text = read(path);
  const compose = parse(text, { merge: true }) as Compose;
  const lectern = compose.services['lectern']!;

  it('refers only to services, networks and volumes that it declares', () => {
    for (const [name, { depends_on = {}, networks = [], volumes = [] }] of Object.entries(compose.services)) {
      const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
      for (const other of needed) expect(compose.services, `${name} needs ${other}`).toHaveProperty(other);
      for (const network of networks) expect(compose.networks, name).toHaveProperty(network);
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        if (source.startsWith('./')) expect(existsSync(join(ROOT, source)), source).toBe(true);
        else expect(compose.volumes, name).toHaveProperty(source);
      }
    }
  });

  it('has a valid configuration of Lectern', () => {
    const given = { LECTERN_HOST: 'lectern.example.org', FILES_HOST: 'files.example.org', ...secrets };
    const values: Record<string, string> = {
      ...given,
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: SECRET,
    };
    const environment = Object.fromEntries(
      Object.entries(lectern.environment!).map(([name, value]) => [
        name,
        value.replace(
          /\$\{(\w+)(:\?[^}]*)?\}/g,
          (_, variable: string) => values[variable] ?? `$${variable} is not set`,
        ),
      ]),
    );
    expect(unknownOf(environment)).toEqual([]);
    const config = loadConfig({ DATA_DIR: '/data', ...environment });
    expect(JSON.stringify(config)).not.toContain('is not set');
    expect(config.server.port).toBe(defaults.server.port);
    expect(parseInt(lectern.stop_grace_period!)).toBeGreaterThan(stopSeconds(config));
    expect(lectern.read_only).toBe(true);
    expect(lectern.volumes).toEqual(['data:/data']);
    for (const port of lectern.ports ?? []) expect(port).toBe(`127.0.0.1:4000:${config.server.port}`);
  });
});

describe('compose.yaml', () => {
  const text = read('compose.yaml');
  const { services } = parse(text, { merge: true }) as Compose;

  it('takes from .env what deploy/compose.env.example lists', () => {
    const used = new Set(Array.from(text.matchAll(/\$\{(\w+)/g), ([, name]) => name));
    const listed = Object.keys(environmentIn(read('deploy/compose.env.example')));
    expect([...used].sort()).toEqual(listed.sort());
  });

  it('uses the same name for the replica set and its members everywhere', () => {
    const members = Object.keys(services).filter((name) => /^mongo\d$/.test(name));
    expect(members).toHaveLength(3);
    const uri = new URL(
      services['lectern']!.environment!['MONGODB_URI']!.replace('mongodb:', 'http:').replace(/,[^/]+/, ''),
    );
    expect(services['lectern']!.environment!['MONGODB_URI']).toContain(`//${members.join(',')}/`);
    const set = uri.searchParams.get('replicaSet');
    for (const name of members) expect(services[name]!.command).toEqual(expect.arrayContaining(['--replSet', set]));
    const init = services['mongo-init']!.command!.join('\n');
    expect(init).toContain(`_id: '${set!}'`);
    for (const name of members) expect(init).toContain(`'${name}:27017'`);
  });

  it('makes Caddy forward to the server and the store', () => {
    const upstreams = Array.from(
      read('deploy/Caddyfile').matchAll(/reverse_proxy (\S+):(\d+)/g),
      ([, ...found]) => found,
    );
    const store = new URL(services['lectern']!.environment!['S3_ENDPOINT']!);
    expect(upstreams).toEqual([
      ['lectern', String(defaults.server.port)],
      [store.hostname, store.port],
    ]);
    expect(services['store']!.command).toContain(`-s3.port=${store.port}`);
    const used = Array.from(read('deploy/Caddyfile').matchAll(/\{\$(\w+)\}/g), ([, name]) => name);
    expect(used.sort()).toEqual(Object.keys(services['caddy']!.environment!).sort());
    const keepalive = Number(/keepalive (\d+)s/.exec(read('deploy/Caddyfile'))?.[1]);
    expect(keepalive).toBeLessThan(defaults.server.keepAliveSeconds);
  });
});

describe('the Caddyfile without a container', () => {
  it('has one site, which forwards to the server on this machine', () => {
    const { text } = readPage('docs/deploy.md').fences.find(({ text: lines }) =>
      lines.includes('/etc/caddy/Caddyfile'),
    )!;
    const command = text
      .split('\n')
      .find((line) => line.startsWith('sed '))!
      .replace('> /etc/caddy/Caddyfile', '');
    const made = execFileSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' });
    expect(Array.from(made.matchAll(/^\S+ \{$/gm), ([line]) => line)).toEqual(['lectern.example.org {']);
    expect(made).toContain(`\treverse_proxy 127.0.0.1:${defaults.server.port} {`);
    expect(made).not.toContain('$');
    expect(made.trimEnd().endsWith('\n}')).toBe(true);
  });
});

describe('deploy/lectern.service', () => {
  const text = read('deploy/lectern.service');
  const values = (name: string): string[] =>
    Array.from(text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm')), ([, value = '']) => value);

  it('has a valid configuration when its file contains the lines of docs/deploy.md', () => {
    const own = environmentIn(values('Environment').join('\n'));
    const example = readPage('docs/deploy.md').fences.find(({ text: lines }) =>
      lines.includes('/etc/lectern.env <<END'),
    );
    const written = example!.text.replaceAll('$(openssl rand -base64 33)', SECRET);
    const environment = { ...own, ...environmentIn(written) };
    expect(unknownOf(environment)).toEqual([]);
    const config = loadConfig(environment);
    expect(config.production).toBe(true);
    expect(config.database.dataDir).toBe(`/var/lib/${values('StateDirectory')[0]!}`);
    expect(Number(values('TimeoutStopSec')[0])).toBeGreaterThan(stopSeconds(config));
  });

  it('runs the same command as start:built', () => {
    expect(`exec ${values('ExecStart')[0]!.replace('/usr/bin/', '')}`).toBe(scripts['start:built']);
  });
});

describe('deploy/kubernetes.yaml', () => {
  interface Probe {
    readonly httpGet: { readonly path: string; readonly port: string };
  }
  interface Container extends Record<'startupProbe' | 'livenessProbe' | 'readinessProbe', Probe> {
    readonly ports: { name: string; containerPort: number }[];
    readonly env: { name: string; value: string }[];
    readonly volumeMounts: { mountPath: string }[];
    readonly lifecycle: { preStop: { exec: { command: string[] } } };
    readonly resources: { limits: { memory: string } };
  }
  interface Pod {
    readonly containers: [Container];
    readonly terminationGracePeriodSeconds: number;
  }
  interface Manifest {
    readonly kind: string;
    readonly data?: Record<string, string>;
    readonly spec: {
      selector: object;
      ports: { name: string; targetPort: string }[];
      template: { spec: Pod; metadata: { labels: object } };
    };
  }
  const documents = parseAllDocuments(read('deploy/kubernetes.yaml'));
  const manifests = documents.map((document) => document.toJS() as Manifest);
  const of = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind)!;
  const pod = of('Deployment').spec.template.spec;
  const [container] = pod.containers;
  const environment: Record<string, string> = {
    ...of('ConfigMap').data,
    ...Object.fromEntries(container.env.map(({ name, value }) => [name, value])),
  };
  const config = loadConfig({
    NODE_ENV: 'production',
    MONGODB_URI: 'mongodb://a,b,c/lectern',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: SECRET,
    ...secrets,
    ...environment,
  });

  it('is valid YAML, with existing variables', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    expect(unknownOf(environment)).toEqual([]);
    const head = read('deploy/kubernetes.yaml').split('apiVersion')[0]!;
    for (const [name] of head.matchAll(/[A-Z]+(_[A-Z]+)+/g)) expect(known).toContain(name);
  });

  it('probes existing paths and ports of the server', () => {
    const { startupProbe, livenessProbe, readinessProbe, ports } = container;
    expect(livenessProbe.httpGet.path).toBe('/healthz');
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      expect(probes).toContain(httpGet.path);
      expect(ports.map(({ name }) => name)).toContain(httpGet.port);
    }
    expect(ports[0]!.containerPort).toBe(config.server.port);
    expect(of('Service').spec.ports[0]!.targetPort).toBe(ports[0]!.name);
    const { labels } = of('Deployment').spec.template.metadata;
    expect(of('Deployment').spec.selector).toEqual({ matchLabels: labels });
    expect(of('PodDisruptionBudget').spec.selector).toEqual({ matchLabels: labels });
    expect(of('Service').spec.selector).toEqual(labels);
    expect(container.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([config.database.dataDir]);
  });

  it('waits for the server to stop, and has enough memory for uploads', () => {
    const preStop = Number(container.lifecycle.preStop.exec.command[1]);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStop + stopSeconds(config));
    const gib = Number(/^(\d+)Gi$/.exec(container.resources.limits.memory)![1]);
    expect(gib * 1024).toBeGreaterThan(300 + config.uploads.atOnce * 32);
  });
});

describe('deploy/nginx.conf', () => {
  const text = read('deploy/nginx.conf');
  const secondsOf = (name: string): number => Number(new RegExp(`^\\s*${name} (\\d+)s;$`, 'm').exec(text)?.[1]);

  it('forwards to the default port, adds no limits, and waits longer than Lectern', () => {
    expect(text).toContain(`server 127.0.0.1:${defaults.server.port};`);
    expect(text).toMatch(/client_max_body_size 0;/);
    for (const line of ['proxy_request_buffering off;', 'proxy_buffering off;', 'proxy_http_version 1.1;']) {
      expect(text).toContain(line);
    }
    expect(secondsOf('keepalive_timeout')).toBeLessThan(defaults.server.keepAliveSeconds);
    expect(secondsOf('client_body_timeout')).toBeGreaterThan(defaults.uploads.stallSeconds);
    expect(secondsOf('proxy_read_timeout')).toBeGreaterThan(defaults.server.downloadStallSeconds);
    expect(secondsOf('proxy_send_timeout')).toBeGreaterThan(defaults.server.downloadStallSeconds);
  });
});

describe('settings in these files and in docs/deploy.md', () => {
  const files = [
    'docs/deploy.md',
    'compose.yaml',
    ...readdirSync(join(ROOT, 'deploy')).map((name) => `deploy/${name}`),
  ];
  /** Names of settings of other programs: of compose.yaml, and of programs in it. */
  const OTHERS = [
    ...Object.keys(ERROR_CATALOGUE),
    'LECTERN_HOST',
    'FILES_HOST',
    'AWS_DEFAULT_REGION',
    'AWS_ENDPOINT_URL',
    'NODE_OPTIONS',
    'S3_UPLOAD_SETUP',
    'AF_INET',
    'AF_INET6',
    'AF_UNIX',
  ];

  it.each(files)('%s names only existing settings', (path) => {
    const named = new Set(Array.from(read(path).matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g), ([name]) => name));
    expect([...named].filter((name) => !known.has(name) && !OTHERS.includes(name))).toEqual([]);
  });

  it.each(files)('%s quotes the actual defaults', (path) => {
    for (const [, name, value] of read(path).matchAll(/\b([A-Z]+(?:_[A-Z]+)+)`? \((\d+)\)/g)) {
      // A value that the file sets takes precedence over the default.
      const set = new RegExp(`\\b${name!}: ["'](\\d+)["']`).exec(read(path))?.[1];
      const variable = variables.find((other) => other.name === name);
      expect(value, name).toBe(set ?? variable?.default);
    }
  });
});

describe('docs/deploy.md', () => {
  const rows = tableRows(readPage('docs/deploy.md').prose, 'Package', 'MB', 'What for');
  const sizeOf = (folder: string): number =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

  it('lists the production dependencies, with their sizes and purposes', () => {
    expect(rows.map(([name = '']) => name.replaceAll('`', ''))).toEqual(Object.keys(dependencies).sort());
    for (const [name = '', size, purpose = ''] of rows) {
      const megabytes = sizeOf(join(ROOT, 'node_modules', name.replaceAll('`', ''))) / 1e6;
      expect(Math.abs(Number(size) - megabytes), `${name}: ${megabytes}`).toBeLessThan(Math.max(0.1, megabytes / 5));
      expect(purpose.length, name).toBeGreaterThan(2);
    }
  });
});
